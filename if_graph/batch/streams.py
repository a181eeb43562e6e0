"""Carries a prepared batch out with many jobs under way at once, for a backend that takes many calls."""

from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from threading import Condition, Lock, RLock
from typing import Any

from if_graph.batch.prepare import Prepared
from if_graph.batch.run import BatchRun, Watcher
from if_graph.batch.schedule import Step
from if_graph.graph.backends import Backend
from if_graph.graph.cache import MemoryCache, NodeResult, ResultCache
from if_graph.graph.executor import Executor, Stop

AHEAD = 2
"""Jobs under way per worker: one that it computes and one whose next call is ready for it."""


class LockedCache:
    """Lets one thread at a time use a cache.

    Args:
        cache: the cache.
    """

    def __init__(self, cache: ResultCache) -> None:
        self._cache, self._lock = cache, RLock()

    def __getattr__(self, name: str) -> Any:  # the optional methods, there only if the cache has them
        method = getattr(self._cache, name)

        def locked(*args: Any) -> Any:
            with self._lock:
                return method(*args)

        return locked

    def get(self, key: str) -> NodeResult | None:
        """Return the result kept under ``key``, if it still is."""
        with self._lock:
            return self._cache.get(key)

    def put(self, key: str, result: NodeResult, seconds: float) -> None:
        """Keep a result that took ``seconds`` to compute."""
        with self._lock:
            self._cache.put(key, result, seconds)


class Gate:
    """Lets a job begin while the unfinished results of all jobs under way fit into a number of bytes.

    Args:
        limit: the bytes.
        memory: what holds the results.
    """

    def __init__(self, limit: int, memory: MemoryCache) -> None:
        self._limit, self._memory = limit, memory
        self._change, self._under_way, self._each = Condition(), 0, 0

    @contextmanager
    def job(self) -> Iterator[None]:
        """Wait until there is room for a job, and keep it taken while the enclosed code runs."""
        with self._change:
            self._change.wait_for(self._has_room)
            self._under_way += 1
        try:
            yield
        finally:
            with self._change:
                self._under_way -= 1
                self._change.notify_all()

    def step_over(self) -> None:
        """Measure what a job takes by now; the most that was ever seen counts."""
        with self._change:
            self._each = max(self._each, self._memory.used // max(self._under_way, 1))

    def _has_room(self) -> bool:
        return not self._under_way or (self._under_way + 1) * self._each <= self._limit


class StreamedBatchRun(BatchRun):
    """One run of a batch on many workers; what jobs share is still made once.

    Args:
        prepared: what to do.
        cache: where results are kept.
        memory: the part of ``cache`` in memory, whose limit holds jobs back.
        backend: where nodes run; several threads call it.
        width: how many calls it can work on at once.
        on_event: hears of everything that happens, one event at a time.
        stop: a flag or a function; once it says so the run ends within one step.
    """

    def __init__(
        self,
        prepared: Prepared,
        cache: ResultCache,
        memory: MemoryCache,
        backend: Backend,
        width: int,
        on_event: Watcher | None = None,
        stop: Stop | None = None,
    ) -> None:
        super().__init__(prepared, None, backend, on_event, stop)
        self._shared, self._backend, self._width = LockedCache(cache), backend, width
        self._gate, self._mutex = Gate(memory.limit, memory), RLock()
        told = self._emit
        self._emit = lambda event: self._one_at_a_time(told, event)
        self._once = _shared_keys(prepared)
        self._uses = Counter(key for step in prepared.steps for key in step.stretch.uses)

    def _go_through(self) -> None:
        """Do every job, its steps one after the other."""
        jobs: dict[int, deque[Step]] = {}
        for step in self._prepared.steps:
            jobs.setdefault(step.job, deque()).append(step)
        with ThreadPoolExecutor(max(1, self._width * AHEAD)) as threads:
            under_way = [threads.submit(copy_context().run, self._job, steps) for steps in jobs.values()]
            _first_error(under_way)

    def _job(self, steps: deque[Step]) -> None:
        with self._gate.job():
            for step in steps:
                with self._alone(step):
                    self._step(step)
                self._let_go(step)
                self._gate.step_over()

    @contextmanager
    def _alone(self, step: Step) -> Iterator[None]:
        """Keep other jobs from making what this step makes; in one order, so that none waits in a circle."""
        with ExitStack() as held:
            for key in sorted(self._once.keys() & {key for key in step.stretch.makes.values() if key}):
                held.enter_context(self._once[key])
            yield

    def _let_go(self, step: Step) -> None:
        with self._mutex:
            self._uses.subtract(step.stretch.uses)
            gone = [key for key in step.stretch.uses if not self._uses[key]]
        for key in gone:
            self._shared.release(key)

    def _executor_of(self, step: Step) -> Executor:
        return Executor(self._batch.classes, self._shared, self._backend)

    def _end(self, *ended: Any) -> None:
        with self._mutex:
            super()._end(*ended)

    def _one_at_a_time(self, told: Watcher, event: Any) -> None:
        with self._mutex:
            told(event)


def _shared_keys(prepared: Prepared) -> dict[str, Lock]:
    """Return a lock for each result that several jobs need and that takes others to make."""
    makers: Counter[str] = Counter()
    for job in prepared.jobs:
        made = {key for one in job.stretches for key in one.makes.values() if key and key not in one.loads}
        makers.update(made)
    return {key: Lock() for key, count in makers.items() if count > 1}


def _first_error(under_way: list["Future[None]"]) -> None:
    """Wait for all; where one fails, begin no other and raise what it raised."""
    done, waiting = wait(under_way, return_when=FIRST_EXCEPTION)
    for future in waiting:
        future.cancel()
    for future in done:
        future.result()
