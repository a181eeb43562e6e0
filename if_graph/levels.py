"""Pixels <-> 8-bit levels, for what Pillow and datasets hold: the one place where they are rounded.

What is saved from an IMAGE is truncated instead, as ComfyUI does (``nodes/images.py``).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def to_levels(pixels: Tensor) -> NDArray[np.uint8]:
    """Round pixels [B, C, H, W], -1..1 (clipped to it), to 8-bit pictures [B, H, W, C]."""
    fresh = pixels.detach().float().cpu() + 1  # and then in place: at 1024 px new memory is dear
    levels = fresh.mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)
    pictures: NDArray[np.uint8] = levels.permute(0, 2, 3, 1).contiguous().numpy()
    return pictures


def to_pixels(levels: np.ndarray) -> Tensor:
    """Turn 8-bit pictures [B, H, W, C] into pixels [B, C, H, W], -1..1."""
    return torch.from_numpy(np.ascontiguousarray(levels)).permute(0, 3, 1, 2).float() / 127.5 - 1
