"""What ended a command -> its exit code."""

from if_graph.errors import CheckpointError, InputError, Interrupted, NodeError, WorkflowError

NODE_FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
SOME_FAILED = 3
"""A batch went through to its end, and jobs of it failed; ``results.jsonl`` says which and why."""


def exit_code_of(error: BaseException) -> int:
    """Return 130 for an interruption, 1 for a failing node, 2 for input that cannot work.

    A batch whose jobs failed raises nothing and returns ``SOME_FAILED`` itself.
    """
    if isinstance(error, Interrupted | KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, NodeError) and not _is_bad_input(error.__cause__):
        return NODE_FAILED
    return BAD_INPUT


def _is_bad_input(cause: BaseException | None) -> bool:
    return isinstance(cause, InputError | CheckpointError | WorkflowError)
