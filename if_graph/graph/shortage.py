"""Out of memory -> room: forget results, hand back what the allocators hold; and what to tell the user."""

import gc
import re
from collections.abc import Iterable
from typing import Any

import torch

from if_graph.graph.cache import NodeResult, ResultCache, forget

_SIGNS = ("out of memory", "not enough memory", "can't allocate memory")
_WANTED = re.compile(r"tried to allocate [\d.]+ \w+", re.IGNORECASE)


def is_shortage(error: BaseException) -> bool:
    """Tell whether an error, or one that led to it, means that memory ran out on a device or the machine."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    if isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _SIGNS):
        return True
    return error.__cause__ is not None and is_shortage(error.__cause__)


def advice(error: BaseException) -> str:
    """Say in one sentence that memory ran out for good, and what helps; libraries say much more."""
    wanted = _WANTED.search(str(error))
    tried = f" ({wanted[0]})" if wanted else ""
    return (
        f"memory ran out, and once more when all that is not needed had been freed{tried}; "
        "make fewer or smaller pictures at once, or load networks in a smaller dtype"
    )


def make_room(cache: ResultCache, alive: Iterable[NodeResult]) -> None:
    """Forget every result that can be made again, and ask those still needed to leave the device.

    Args:
        cache: what remembers results; one with ``clear_memory`` does so. What is on disk stays there.
        alive: results that nodes still wait for; a value with a method ``offload`` is asked to use it.
    """
    forget(cache)
    for value in (v for result in alive for values in result.outputs for v in values):
        _offload(value)
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _offload(value: Any) -> None:
    offload = getattr(value, "offload", None)
    if callable(offload):
        offload()
