"""Results by content key, in memory within a limit in bytes, with another tier behind if wanted."""

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from if_graph.graph.measure import memory_of


@dataclass(frozen=True)
class NodeResult:
    """What a node made.

    Args:
        outputs: per output the list of its values; one value unless lists are mapped.
        ui: what it has to show, for example ``{"images": [...]}``.
    """

    outputs: tuple[list[Any], ...]
    ui: dict[str, Any] | None = None


@dataclass
class _Entry:
    result: NodeResult
    blocks: dict[int, int]
    rate: float
    worth: float


class ResultCache(Protocol):
    """Where results are kept."""

    def get(self, key: str) -> NodeResult | None:
        """Return the result kept under ``key``, if it still is."""

    def put(self, key: str, result: NodeResult, seconds: float) -> None:
        """Keep a result that took ``seconds`` to compute."""


Keeps = Callable[[str, NodeResult], bool]


class MemoryCache:
    """Keeps results until they hold more than ``limit`` bytes, then drops what is cheapest to make again.

    Cheap means few seconds per byte; every use counts a result's seconds afresh, so what was long not used
    goes before what was, and among equals the least recently used goes first (the rule known as
    GreedyDual-Size).

    Args:
        limit: bytes; half of the machine's memory if left out. What several results share counts once.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = _half_of_memory() if limit is None else limit
        self.used = 0
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._holders: dict[int, int] = {}
        self._floor = 0.0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> NodeResult | None:
        """Return the result kept under ``key``, and count it as used."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        entry.worth = self._floor + entry.rate
        return entry.result

    def put(self, key: str, result: NodeResult, seconds: float = 0.0) -> None:
        """Keep a result; one that alone exceeds the limit is not kept."""
        self.release(key)
        blocks = memory_of((result.outputs, result.ui))
        size = sum(blocks.values())
        if size > self.limit:
            return
        rate = seconds / max(size, 1)
        self._entries[key] = _Entry(result, blocks, rate, self._floor + rate)
        for block, size in blocks.items():
            held = self._holders.get(block, 0)
            self.used += size if not held else 0
            self._holders[block] = held + 1
        while self.used > self.limit:
            worst = min(self._entries, key=lambda each: self._entries[each].worth)  # the oldest among equals
            self._floor = self._entries[worst].worth
            self.release(worst)

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()
        self._holders.clear()
        self.used = 0

    clear_memory = clear

    def release(self, key: str) -> None:
        """Drop one result, if it is here: nobody is going to ask for it."""
        entry = self._entries.pop(key, None)
        for block, size in entry.blocks.items() if entry is not None else ():
            self._holders[block] -= 1
            if not self._holders[block]:
                del self._holders[block]
                self.used -= size


class TieredCache:
    """Looks in memory first and on disk next, and keeps results in both.

    Args:
        memory: the fast tier; it may have tiers itself.
        disk: the lasting one.
        keeps: tells by key and result what is to last; everything if left out.
    """

    def __init__(self, memory: ResultCache, disk: ResultCache, keeps: Keeps | None = None) -> None:
        self.memory = memory
        self.disk = disk
        self._keeps = keeps

    def get(self, key: str) -> NodeResult | None:
        """Return the result kept under ``key``, if either tier has it."""
        found = self.memory.get(key)
        if found is None:
            found = self.disk.get(key)
            if found is not None:
                self.memory.put(key, found, 0.0)
        return found

    def put(self, key: str, result: NodeResult, seconds: float) -> None:
        """Keep a result in both tiers."""
        self.memory.put(key, result, seconds)
        if self._keeps is None or self._keeps(key, result):
            self.disk.put(key, result, seconds)

    def release(self, key: str) -> None:
        """Give the memory of one result back; the disk keeps what it has."""
        release = getattr(self.memory, "release", None)
        if release is not None:
            release(key)

    def clear_memory(self) -> None:
        """Give the memory back; the disk keeps what it has."""
        forget(self.memory)


def forget(cache: ResultCache) -> None:
    """Have a cache give memory back, if it can."""
    clear = getattr(cache, "clear_memory", None)
    if clear is not None:
        clear()


def _half_of_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):  # not every system tells
        return 8 * 2**30
