"""A run in a thread of its own, which other code watches, awaits or cancels."""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextvars import copy_context
from dataclasses import dataclass
from threading import Event as Flag
from threading import Thread
from typing import Any

from if_graph.code.log import EventLog
from if_graph.code.result import Result
from if_graph.graph.events import Event

Work = Callable[[Callable[[Event], None], Flag], Result]


class Running:
    """A run that has been started; ``await`` it, or ask it for its result.

    Args:
        work: does the run, given who hears events and the flag that stops it.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._stop = Flag()
        self._log = EventLog()
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._thread = Thread(target=copy_context().run, args=(self._carry_out,), daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._log.is_closed

    def cancel(self) -> None:
        """Ask it to stop, which it does within one step; its result is then an ``Interrupted`` error."""
        self._stop.set()

    def events(self) -> "Events":
        """Return what happens, from the start to the end, for ``for`` and for ``async for``.

        Any number of watchers may ask; one that comes late misses only previews that newer ones replaced.
        """
        return Events(self._log)

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the end and return what was made.

        Args:
            timeout: seconds to wait; without end if left out.

        Raises:
            TimeoutError: if it is not done by then; it goes on.
            WorkflowError: if the workflow cannot run.
            NodeError: if a node failed.
            Interrupted: if it was cancelled.
        """
        self._thread.join(timeout)
        if not self.is_done:
            raise TimeoutError(f"the run is not done after {timeout} s; wait longer or cancel it")
        if self._error is not None:
            raise self._error
        assert self._result is not None  # it is closed, and without an error
        return self._result

    def __await__(self) -> Generator[Any, None, Result]:
        return self._wait().__await__()

    async def _wait(self) -> Result:
        try:
            async for _ in self.events():
                pass
        except asyncio.CancelledError:
            self.cancel()
            raise
        return self.result()

    def _carry_out(self) -> None:
        try:
            self._result = self._work(self._log.add, self._stop)
        except BaseException as error:  # whoever asks for the result gets it
            self._error = error
        finally:
            self._log.close()


@dataclass(frozen=True)
class Events:
    """The events of a run, to be gone through by ``for`` or ``async for``."""

    log: EventLog

    def __iter__(self) -> Iterator[Event]:
        place = 0
        while (event := self.log.wait_for(place)) is not None:
            yield event
            place += 1

    async def __aiter__(self) -> AsyncIterator[Event]:
        loop, news, place = asyncio.get_running_loop(), asyncio.Event(), 0

        def wake() -> None:
            loop.call_soon_threadsafe(news.set)

        with self.log.telling(wake):
            while True:
                news.clear()  # before looking: what comes after the look sets it again
                is_closed, fresh = self.log.is_closed, self.log.since(place)
                for event in fresh:
                    yield event
                place += len(fresh)
                if is_closed:
                    return
                await news.wait()
