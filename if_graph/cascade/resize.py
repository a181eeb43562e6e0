"""Bring a picture of any size to one a stage can take, keeping its shape as nearly as the steps allow."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from if_graph.errors import InputError
from if_graph.levels import to_levels, to_pixels


def fitted_size(size: tuple[int, int], side: int, multiple: int = 8) -> tuple[int, int]:
    """Return height and width with a short side of ``side`` and a long one rounded to ``multiple``.

    Raises:
        InputError: if ``side`` is no multiple of ``multiple``.

    Source: the published IF pipelines, where ``multiple`` is always 8.
    """
    height, width = size
    if side < multiple or side % multiple:
        below = max(side // multiple, 1) * multiple
        raise InputError(
            f"side is {side}, expected a multiple of {multiple}; take {below} or {below + multiple}"
        )
    ratio = width / height
    if ratio >= 1:
        return side, int(round(side / multiple * ratio) * multiple)
    return int(round(side / multiple / ratio) * multiple), side


def resize(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize pixels [B, 3, H, W], -1..1, bicubic on 8-bit levels, as the published pipelines do."""
    return to_pixels(np.stack([_resized(row, size) for row in to_levels(pixels)])).contiguous()


def resize_mask(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize a mask [B, 1, H, W], 0..1, the same way, and round it to 0 and 1."""
    levels = (mask.float().cpu() * 255).round().clamp(0, 255).to(torch.uint8)
    rows = [torch.from_numpy(_resized(row[0].numpy(), size)) for row in levels]
    return (torch.stack(rows)[:, None] / 255 >= 0.5).float()


def _resized(levels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    return np.array(Image.fromarray(levels).resize((width, height), Image.Resampling.BICUBIC))
