"""Out of memory -> room: forget results, hand back what the allocators hold."""

import gc
from collections.abc import Iterable
from typing import Any

import torch

from if_graph.graph.cache import NodeResult, ResultCache

_SIGNS = ("out of memory", "not enough memory", "can't allocate memory")


def is_shortage(error: BaseException) -> bool:
    """Tell whether an error means that memory ran out, on the device or in the machine."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _SIGNS)


def make_room(cache: ResultCache, alive: Iterable[NodeResult]) -> None:
    """Forget every result that can be made again, and ask those still needed to leave the device.

    Args:
        cache: what remembers results; one with ``clear_memory`` or ``clear`` is emptied.
        alive: results that nodes still wait for; a value with a method ``offload`` is asked to use it.
    """
    forget_all(cache)
    for value in (v for result in alive for values in result.outputs for v in values):
        _offload(value)
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def forget_all(cache: ResultCache) -> None:
    """Empty what a cache holds in memory, if it can."""
    clear = getattr(cache, "clear_memory", None) or getattr(cache, "clear", None)
    if clear is not None:
        clear()


def _offload(value: Any) -> None:
    offload = getattr(value, "offload", None)
    if callable(offload):
        offload()
