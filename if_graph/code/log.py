"""The events of one run, kept for watchers in other threads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Condition

from if_graph.graph.events import Event, NodeProgress


class EventLog:
    """Events in order; of steps that follow each other only the newest keeps its preview."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._wakers: list[Callable[[], None]] = []
        self._news = Condition()
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether no more will come."""
        with self._news:
            return self._is_closed

    def add(self, event: Event) -> None:
        """Take in an event and wake whoever waits."""
        with self._news:
            last = self._events[-1] if self._events else None
            if isinstance(event, NodeProgress) and isinstance(last, NodeProgress):
                self._events[-1] = replace(last, preview=None)
            self._events.append(event)
            self._tell()

    def close(self) -> None:
        """Say that no more will come."""
        with self._news:
            self._is_closed = True
            self._tell()

    def since(self, place: int) -> list[Event]:
        """Return the events from number ``place`` on, without waiting."""
        with self._news:
            return self._events[place:]

    def wait_for(self, place: int) -> Event | None:
        """Return event number ``place`` as soon as it is there, or None if the run ends without it."""
        with self._news:
            self._news.wait_for(lambda: self._is_closed or place < len(self._events))
            return self._events[place] if place < len(self._events) else None

    @contextmanager
    def telling(self, waker: Callable[[], None]) -> Iterator[None]:
        """Call ``waker`` at all news while the enclosed code runs; it must return at once."""
        with self._news:
            self._wakers.append(waker)
        try:
            yield
        finally:
            with self._news:
                self._wakers.remove(waker)

    def _tell(self) -> None:
        self._news.notify_all()
        for waker in self._wakers:
            with suppress(RuntimeError):  # its event loop has been closed
                waker()
