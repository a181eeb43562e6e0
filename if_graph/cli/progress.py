"""Events of a run -> lines for a person: one per node, and on a terminal one per step with the time left."""

import time
from typing import TextIO

from if_graph.cli.line import Line
from if_graph.graph.events import Event, NodeCached, NodeFinished, NodeProgress, NodeStarted, RunStarted
from if_graph.graph.wording import duration


class ProgressLines:
    """Writes what happens, as it happens.

    Args:
        stream: where to; a terminal gets a line that moves, anything else only finished lines.
    """

    def __init__(self, stream: TextIO) -> None:
        self._line = Line(stream)
        self._total = 0
        self._place = 0
        self._began = 0.0

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, RunStarted):
            self._total = event.total + len(event.cached)
        elif isinstance(event, NodeStarted):
            self._place += 1
            self._began = time.monotonic()
            self._line.moving(self._numbered(event.label))
        elif isinstance(event, NodeProgress):
            step = f"step {event.done}/{event.total}"
            self._line.moving(self._numbered(f"{event.label}: {step}{self._left(event)}"))
        elif isinstance(event, NodeCached):
            self._place += 1
            self._line.finished(self._numbered(f"{event.label}: cached"))
        elif isinstance(event, NodeFinished):
            self._line.finished(self._numbered(f"{event.label}: {duration(event.seconds)}"))
        else:
            self._line.clear()

    def _left(self, event: NodeProgress) -> str:
        if not 0 < event.done < event.total:
            return ""
        spent = time.monotonic() - self._began
        return f", {duration(spent / event.done * (event.total - event.done))} left"

    def _numbered(self, text: str) -> str:
        return f"[{self._place}/{self._total}] {text}"
