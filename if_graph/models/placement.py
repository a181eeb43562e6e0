"""Where a network runs, in which type, and how long it stays; the one place that chooses devices."""

from dataclasses import dataclass

import torch

from if_graph.errors import InputError
from if_graph.residency import Stay

DEVICES = ("auto", "cpu", "cuda", "mps", "cuda:1", "cuda:2", "cuda:3")
DTYPES = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Placement:
    """A device, the floating-point type that weights have there, and how long they stay.

    Args:
        device: where the network computes.
        dtype: what it computes in, whatever its files hold.
        stay: None brings the weights when the network is loaded, and for good.
    """

    device: torch.device
    dtype: torch.dtype
    stay: Stay | None = None


def place(device: str = "auto", dtype: str = "auto", stay: Stay | None = None) -> Placement:
    """Choose device and type from what a user wrote.

    ``auto`` takes a GPU where there is one, and then float16, the type the checkpoints were released in;
    float32 on a CPU, where float16 has no fast kernels.

    Args:
        device: one of ``DEVICES``.
        dtype: one of ``DTYPES``.
        stay: see :class:`Placement`.

    Raises:
        InputError: if the device is not there, or the pair cannot run.
    """
    if device not in DEVICES or dtype not in DTYPES:
        raise InputError(
            f"got device {device!r} and dtype {dtype!r}, expected one of {', '.join(DEVICES)} "
            f"and one of {', '.join(DTYPES)}"
        )
    chosen = _best_device() if device == "auto" else device
    if not _is_there(chosen):
        raise InputError(f"device {chosen!r} is not available here; choose 'auto' or 'cpu'")
    if (chosen, dtype) in {("cpu", "float16"), ("mps", "bfloat16")}:
        raise InputError(f"{dtype} has no usable kernels on {chosen}; choose 'auto' or 'float32'")
    automatic = torch.float32 if chosen == "cpu" else torch.float16
    return Placement(torch.device(chosen), automatic if dtype == "auto" else getattr(torch, dtype), stay)


def _best_device() -> str:
    return next(name for name in ("cuda", "mps", "cpu") if _is_there(name))


def _is_there(device: str) -> bool:
    kind, _, number = device.partition(":")
    if kind == "cuda":
        return torch.cuda.is_available() and int(number or 0) < torch.cuda.device_count()
    return kind == "cpu" or torch.backends.mps.is_available()
