"""``comfy.utils``: the progress bar of a node, which also stops the node when the user asks for it."""

from typing import Any

from if_graph.progress import report

__all__ = ["ProgressBar"]


class ProgressBar:
    """Tell the host how far the running node is.

    Args:
        total: steps in all.
        node_id: accepted and ignored; it is the node that runs.
    """

    def __init__(self, total: int, node_id: str | None = None) -> None:
        self.total = total
        self.current = 0

    def update_absolute(self, value: int, total: int | None = None, preview: Any = None) -> None:
        """Set how many steps are finished.

        Args:
            value: steps finished; more than ``total`` counts as all.
            total: a new number of steps in all.
            preview: ComfyUI's ``(format, Pillow picture, longest side)``.

        Raises:
            Interrupted: if the host wants the work to stop.
        """
        self.total = self.total if total is None else total
        self.current = min(value, self.total)
        report(self.current, self.total, preview[1] if isinstance(preview, tuple) else preview)

    def update(self, value: int) -> None:
        """Add ``value`` finished steps."""
        self.update_absolute(self.current + value)
