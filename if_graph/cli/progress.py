"""Events of a run -> lines for a person: one per node, and on a terminal one per step with the time left."""

import time
from typing import TextIO

from if_graph.graph.events import Event, NodeCached, NodeFinished, NodeProgress, NodeStarted, RunStarted
from if_graph.graph.wording import duration


class ProgressLines:
    """Writes what happens, as it happens.

    Args:
        stream: where to; a terminal gets a line that moves, anything else only finished lines.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._moves = stream.isatty()
        self._total = 0
        self._place = 0
        self._began = 0.0
        self._width = 0

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, RunStarted):
            self._total = event.total + len(event.cached)
        elif isinstance(event, NodeStarted):
            self._place += 1
            self._began = time.monotonic()
            self._moving(event.label)
        elif isinstance(event, NodeProgress):
            self._moving(f"{event.label}: step {event.done}/{event.total}{self._left(event)}")
        elif isinstance(event, NodeCached):
            self._place += 1
            self._finished(f"{event.label}: cached")
        elif isinstance(event, NodeFinished):
            self._finished(f"{event.label}: {duration(event.seconds)}")
        else:
            self._clear()

    def _left(self, event: NodeProgress) -> str:
        if not 0 < event.done < event.total:
            return ""
        spent = time.monotonic() - self._began
        return f", {duration(spent / event.done * (event.total - event.done))} left"

    def _moving(self, text: str) -> None:
        if self._moves:
            self._write(self._numbered(text), "\r")

    def _finished(self, text: str) -> None:
        self._write(self._numbered(text), "\n")

    def _numbered(self, text: str) -> str:
        return f"[{self._place}/{self._total}] {text}"

    def _write(self, line: str, end: str) -> None:
        padding = " " * (self._width - len(line)) if self._moves else ""
        self._width = len(line) if end == "\r" else 0
        self._stream.write(f"{line}{padding}{end}")
        self._stream.flush()

    def _clear(self) -> None:
        if self._moves and self._width:
            self._write("", "\r")
