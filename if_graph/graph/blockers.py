"""The object by which a node says that nothing after this output shall run."""

from collections.abc import Iterable
from typing import Any


class ExecutionBlocker:
    """Stands for an output that will not be made; every node it reaches is passed over.

    Args:
        message: told once, where the blocker is first met; None for silence.
    """

    def __init__(self, message: str | None = None) -> None:
        self.message = message


def is_blocker(value: Any) -> bool:
    """Tell whether a value is a blocker of ours or of ComfyUI's module, whichever a pack imports."""
    return type(value).__name__ == "ExecutionBlocker" and hasattr(value, "message")


def find_blocker(inputs: Iterable[Any], are_lists: bool = False) -> Any:
    """Return the first blocker among the inputs of a call, or None.

    Args:
        inputs: its arguments.
        are_lists: whether each is the list of an input's values.
    """
    values = (value for one in inputs for value in one) if are_lists else inputs
    return next(filter(is_blocker, values), None)
