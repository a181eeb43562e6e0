"""Every error a user can cause, as one family: where, what it got, what it wants, what to do."""


class IFGraphError(Exception):
    """Base of all errors this package raises on purpose; the message is one sentence for the user."""


class WorkflowError(IFGraphError):
    """A workflow file, or a value in it, cannot be run."""


class CheckpointError(IFGraphError):
    """A model folder or file is missing, incomplete or does not fit its network."""


class InputError(IFGraphError):
    """A value given to a stage, a sampler or an image function is out of its range."""


class NodeError(IFGraphError):
    """A node failed while running; the message names the node, ``__cause__`` holds the reason."""


class Interrupted(BaseException):
    """The user asked the run to stop; a BaseException, so that no node's ``except Exception`` swallows it."""
