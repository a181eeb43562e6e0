"""How much memory this process and its device hold, now and at most since last asked."""

import contextlib
import sys
from pathlib import Path

import torch

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def held() -> tuple[int, int]:
    """Return the bytes that the process and the device's tensors hold now."""
    device = torch.cuda.memory_allocated() if _uses_device() else 0
    return _process("VmRSS"), device


def take_peaks() -> tuple[int, int]:
    """Return the most bytes held since the last call, by the process and on the device.

    Where the system keeps no peak that can be set back, the first is the most of the process's whole life.
    """
    device = 0
    if _uses_device():
        device = torch.cuda.max_memory_allocated()
        torch.cuda.reset_peak_memory_stats()
    peak = _process("VmHWM")
    with contextlib.suppress(OSError):
        _RESET.write_text("5")  # Linux: peak := present, see proc_pid_clear_refs(5)
    return peak, device


def _uses_device() -> bool:
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]


def _process(field: str) -> int:
    try:
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration):  # not Linux
        return _most_ever()


def _most_ever() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
