"""Two pictures -> how far their pixels are apart."""

from dataclasses import dataclass

import numpy as np
from PIL.Image import Image

from if_graph.graph.carriers import open_picture


@dataclass(frozen=True)
class PixelDifference:
    """How far two pictures are apart, in steps of their channels (0..255 for 8 bits).

    ``largest`` and ``mean`` are None where the sizes, width and height, differ.
    """

    sizes: tuple[tuple[int, int], tuple[int, int]]
    largest: float | None
    mean: float | None

    def __bool__(self) -> bool:
        return self.largest != 0


def compare_pixels(first: tuple[bytes, str], second: tuple[bytes, str]) -> PixelDifference:
    """Compare two PNG or WebP pictures, each given as bytes and what to call it.

    Raises:
        WorkflowError: if one cannot be read.
    """
    one, two = _loaded(*first), _loaded(*second)
    sizes = (one.size, two.size)
    if one.size != two.size:
        return PixelDifference(sizes, None, None)
    mode = one.mode if one.mode == two.mode and one.mode != "P" else "RGBA"
    left, right = (np.asarray(picture.convert(mode), dtype=np.float32) for picture in (one, two))
    apart = np.abs(left - right)
    return PixelDifference(sizes, float(apart.max()), float(apart.mean(dtype=np.float64)))


def _loaded(data: bytes, name: str) -> Image:
    with open_picture(data, name) as picture:
        return picture.copy()
