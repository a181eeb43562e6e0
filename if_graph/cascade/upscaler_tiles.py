"""Large pictures in overlapping tiles, feathered together, so that memory depends on the tile alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from if_graph.errors import InputError

ALIGNMENT = 8  # tiles start where the UNet's three halvings do, so a tile is cut as the whole is

Span = tuple[int, int]


@dataclass(frozen=True)
class Tiles:
    """How large a picture may be before it is worked on in tiles; 0 never tiles.

    Args:
        unet: side of a tile while sampling, in low-res pixels; each tile shares what its neighbours painted.
        vae: side of a tile while decoding, in low-res pixels.
        overlap: pixels that neighbouring tiles share.

    Raises:
        InputError: on construction, if tiles are too small for their overlap.
    """

    unet: int = 512
    vae: int = 256
    overlap: int = 32

    def __post_init__(self) -> None:
        for name, side in (("UNet", self.unet), ("VAE", self.vae)):
            if side and side < self.overlap + ALIGNMENT:
                raise InputError(
                    f"{name} tiles are {side} wide with an overlap of {self.overlap}, "
                    f"expected at least {self.overlap + ALIGNMENT}; use larger tiles or less overlap"
                )


def tiled(run: Callable[[Tensor], Tensor], x: Tensor, tile: int, overlap: int, factor: int = 1) -> Tensor:
    """Apply ``run`` to x [B, C, H, W] tile by tile; a picture that fits one tile is given over whole.

    Args:
        run: maps [B, C, h, w] to [B', C', h * factor, w * factor].
        x: the picture.
        tile: side of a tile; one at a border may be up to seven pixels larger. 0 never tiles.
        overlap: least number of pixels that neighbours share; they are blended over these.
        factor: how much ``run`` enlarges.

    Returns:
        [B', C', H * factor, W * factor]; float32 where there was more than one tile.
    """
    height, width = x.shape[2:]
    if not tile or max(height, width) <= tile:
        return run(x)
    canvas = weights = torch.zeros((), device=x.device)
    for rows, columns in product(spans(height, tile, overlap), spans(width, tile, overlap)):
        part = run(x[:, :, slice(*rows), slice(*columns)]).float()
        down, across = (
            feather(span, length, overlap, factor).to(x.device)
            for span, length in ((rows, height), (columns, width))
        )
        window = down[:, None] * across
        if not canvas.ndim:
            canvas = part.new_zeros(*part.shape[:2], height * factor, width * factor)
            weights = canvas.new_zeros(canvas.shape[2:])
        place = (slice(rows[0] * factor, rows[1] * factor), slice(columns[0] * factor, columns[1] * factor))
        canvas[(..., *place)] += part * window
        weights[place] += window
    return canvas.div_(weights)


def spans(length: int, tile: int, overlap: int) -> list[Span]:
    """Cover ``length`` with evenly spread spans [start, end) that share at least ``overlap``."""
    if length <= tile:
        return [(0, length)]
    count = math.ceil((length - tile) / (tile - overlap - ALIGNMENT + 1)) + 1
    starts = [i * (length - tile) // (count - 1) // ALIGNMENT * ALIGNMENT for i in range(count)]
    return [(start, start + tile) for start in starts[:-1]] + [(starts[-1], length)]


def feather(span: Span, length: int, overlap: int, factor: int) -> Tensor:
    """Weigh a span [(end - start) * factor]: cosine ramps where it meets a neighbour, 1 elsewhere."""
    start, end = span
    weights = torch.ones((end - start) * factor)
    ramp = 0.5 - 0.5 * torch.cos(math.pi * (torch.arange(overlap * factor) + 0.5) / max(overlap * factor, 1))
    if start > 0:
        weights[: len(ramp)] = ramp
    if end < length and overlap:
        weights[-len(ramp) :] *= ramp.flip(0)
    return weights
