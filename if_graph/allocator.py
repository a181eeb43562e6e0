"""What allocators keep of memory that is free, and how they are asked to hand it back."""

import ctypes
import os
import sys
from typing import Any

import torch

_LARGE, _USUAL = (
    4 * 2**20,
    (32 * 2**20, 64 * 2**20),
)  # bytes; the usual ones are where glibc arrives by itself
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # glibc's numbers for what mallopt sets
_BY_USER = "MALLOC_MMAP_THRESHOLD_"


def hand_back(device: torch.device) -> None:
    """Give memory that is free, but still held by an allocator, back to the system."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
    elif trim := _of_glibc("malloc_trim"):
        trim(0)


def keep_large_blocks(keeps: bool, device: torch.device) -> None:
    """Let glibc keep freed blocks of several MB for those to come, or hand each back to the system at once.

    Weights that come and go layer by layer leave holes between activations, into which the next ones do not
    fit: a cascade whose hungriest network takes 350 MB peaked at 540 MB so, and at 190 without holes. New
    blocks cost time, so it is for those networks alone. What the environment says about it stays.

    Args:
        keeps: whether they are kept.
        device: of the weights; only a CPU's memory is glibc's.
    """
    if device.type == "cpu" and _BY_USER not in os.environ and (mallopt := _of_glibc("mallopt")):
        large, spare = _USUAL if keeps else (_LARGE, _LARGE)
        mallopt(_MMAP_THRESHOLD, large)
        mallopt(_TRIM_THRESHOLD, spare)


def _of_glibc(name: str) -> Any:
    """Return a function of the C library; None where it has none of that name, as others than glibc."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
