"""The workers of a cluster: lent to whoever has a call for their pool, welcomed back when they restart."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from if_graph.cluster.shares import share_out


@dataclass(frozen=True)
class Pool:
    """All calls that need one model.

    Args:
        key: the model's.
        title: what a person calls it.
        on_cpu: whether it asks for a CPU although there may be GPUs.
    """

    key: str
    title: str = field(compare=False)
    on_cpu: bool = field(compare=False, default=False)


@dataclass
class Member:
    """One worker: Ray's handle of it, whether it has a GPU, and the models it has worked with."""

    actor: Any
    has_gpu: bool
    knows: set[str] = field(default_factory=set)


class Crew:
    """Lends workers, and shares them out anew as the seconds per pool become known.

    Args:
        members: the workers; each is lent once ``await_ready`` has returned.
        await_ready: waits until a worker answers; called in a thread of its own.
    """

    def __init__(self, members: list[Member], await_ready: Callable[[Member], None]) -> None:
        self.members = members
        self._await_ready = await_ready
        self._change = threading.Condition()
        self._well: set[int] = set()
        self._idle: set[int] = set()
        self._work: dict[Pool, float] = {}
        self._waiting: Counter[Pool] = Counter()
        self._shares: dict[Pool, tuple[int, ...]] = {}
        for number in range(len(members)):
            self._welcome(number)

    @contextmanager
    def lend(self, pool: Pool, stopped: Callable[[], None] = lambda: None) -> Iterator[Member]:
        """Yield a worker for a call of a pool, and take it back with the seconds that the call took.

        Args:
            pool: whose call it is.
            stopped: called now and then while waiting; it may raise.
        """
        number = self._take(pool, stopped)
        began, member = time.perf_counter(), self.members[number]
        is_well = False
        try:
            yield member
            is_well = True
        finally:
            self._return(number, pool, time.perf_counter() - began)
            if is_well:
                self._free(number)
            else:
                self._lose(number)
                self._welcome(number)

    def work(self) -> Mapping[str, float]:
        """Return the seconds of work so far by pool title."""
        with self._change:
            return {pool.title: seconds for pool, seconds in self._work.items()}

    def _take(self, pool: Pool, stopped: Callable[[], None]) -> int:
        with self._change:
            if pool not in self._work:
                self._work[pool] = 0.0
                self._share_out()
            self._waiting[pool] += 1
            try:
                while (number := self._chosen(pool)) is None:
                    self._change.wait(0.5)
                    stopped()
            finally:
                self._waiting[pool] -= 1
            self._idle.discard(number)
            self.members[number].knows.add(pool.key)
            return number

    def _chosen(self, pool: Pool) -> int | None:
        """Return an idle worker of the pool's share, or, where calls queue up, one that nobody waits for."""
        share = self._shares[pool]
        own = [number for number in share if number in self._idle]
        known = [number for number in own if pool.key in self.members[number].knows]
        if own:
            return (known or own)[0]
        wanted = {
            n
            for other, count in self._waiting.items()
            if count and other != pool
            for n in self._shares[other]
        }
        spare = sorted(self._idle.intersection(self._able(pool)) - wanted)
        return spare[0] if spare and self._waiting[pool] > len(share) else None

    def _able(self, pool: Pool) -> list[int]:
        """Return the workers that suit a pool: those with a GPU unless it asks for none or there are none.

        One that is not ready, or died and has not come back, is left out: nothing may wait for it alone.
        """
        gpus = [number for number, member in enumerate(self.members) if member.has_gpu]
        others = [number for number, member in enumerate(self.members) if not member.has_gpu]
        suited = (others or gpus) if pool.on_cpu else (gpus or others)
        return [number for number in suited if number in self._well]

    def _share_out(self) -> None:
        by_place: dict[tuple[int, ...], dict[str, float]] = {}
        for pool, seconds in self._work.items():
            by_place.setdefault(tuple(self._able(pool)), {})[pool.key] = seconds
        shares: dict[str, tuple[int, ...]] = {}
        for able, work in by_place.items():
            shares |= share_out(work, able)
        self._shares = {pool: shares[pool.key] for pool in self._work}

    def _return(self, number: int, pool: Pool, seconds: float) -> None:
        with self._change:
            self._work[pool] += seconds
            self._share_out()

    def _free(self, number: int) -> None:
        with self._change:
            self._idle.add(number)
            self._change.notify_all()

    def _lose(self, number: int) -> None:
        with self._change:
            self.members[number].knows.clear()
            self._well.discard(number)
            self._share_out()

    def _welcome(self, number: int) -> None:
        def wait() -> None:
            self._await_ready(self.members[number])
            with self._change:
                self._well.add(number)
                self._share_out()
            self._free(number)

        threading.Thread(target=wait, daemon=True).start()
