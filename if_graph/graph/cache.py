"""Results by content key, in memory, within a limit in bytes."""

import os
from collections import Counter, OrderedDict
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


class ResultCache(Protocol):
    """Where results are kept; a tier on disk can stand behind one in memory with the same two calls."""

    def get(self, key: str) -> NodeResult | None:
        """Return the result kept under ``key``, if it still is."""

    def put(self, key: str, result: NodeResult, seconds: float) -> None:
        """Keep a result that took ``seconds`` to compute."""


class MemoryCache:
    """Keeps results until they hold more than ``limit`` bytes, then drops the least recently used.

    Args:
        limit: bytes; half of the machine's memory if left out. What several results share counts once.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = _half_of_memory() if limit is None else limit
        self.used = 0
        self._results: OrderedDict[str, tuple[NodeResult, dict[int, int]]] = OrderedDict()
        self._holders: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._results)

    def get(self, key: str) -> NodeResult | None:
        """Return the result kept under ``key``, and count it as used."""
        if key not in self._results:
            return None
        self._results.move_to_end(key)
        return self._results[key][0]

    def put(self, key: str, result: NodeResult, seconds: float = 0.0) -> None:
        """Keep a result; one that alone exceeds the limit is not kept."""
        self._drop(key)
        blocks = memory_of((result.outputs, result.ui))
        if sum(blocks.values()) > self.limit:
            return
        self._results[key] = (result, blocks)
        for block, size in blocks.items():
            self.used += size if not self._holders[block] else 0
            self._holders[block] += 1
        while self.used > self.limit:
            self._drop(next(iter(self._results)))

    def clear(self) -> None:
        """Drop everything."""
        self._results.clear()
        self._holders.clear()
        self.used = 0

    def _drop(self, key: str) -> None:
        _, blocks = self._results.pop(key, (None, {}))
        for block, size in blocks.items():
            self._holders[block] -= 1
            if not self._holders[block]:
                del self._holders[block]
                self.used -= size


def _half_of_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):  # not every system tells
        return 8 * 2**30
