"""Pairs of crops for super-resolution: a window of the big picture, and that window four times smaller."""

import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from if_graph.training.world.dataset import WORLD_CACHE, CaptionedScenes
from if_graph.training.world.render import Box, Drawings, Pixels, render, render_crop
from if_graph.training.world.scene import Scene
from if_graph.training.world.split import Split
from if_graph.training.world.store import stored_items

SCALE = 4
EDGE_SHARE = 0.8
"""Share of crops placed on an edge; elsewhere the picture is flat and teaches little."""
SCOUT_SIDE = 64
EDGE_LEVELS = 48
REACH = 2 * SCALE  # how far Pillow's bicubic kernel looks around a pixel when shrinking by SCALE
MARGIN = 1  # low-resolution pixels kept around a crop: enlarging the whole picture mixes them into its border


class CropPairs(CaptionedScenes):
    """One pair of crops from each of ``CaptionedScenes``, kept on disk and rendered when first asked for.

    Args:
        n: number of pairs.
        side: width and height in pixels of the picture the crops are taken from: 256 for Stage II, 1024 for
            Stage III.
        crop: width and height in pixels of the high-resolution crop, a multiple of 4.
        seed: draws scenes, captions and windows.
        cache_dir: folder for the memory map and the captions.
        split: ``"train"``, or ``"held-out"`` for the combinations training never sees.
        drawings: markup by concept name; Twemoji by default.

    Attributes:
        high: uint8 memory map [n, crop, crop, 3], 0..255.
        low: uint8 memory map [n, crop / 4, crop / 4, 3]: that window of the picture shrunk four times.
        around: ``low`` with one more pixel on each side; beyond the picture, its outermost pixels again.
        corners: left and top of ``low`` in the shrunk picture, [n, 2].
    """

    def __init__(
        self,
        n: int,
        side: int,
        crop: int,
        seed: int = 0,
        cache_dir: Path = WORLD_CACHE,
        split: Split = "train",
        drawings: Drawings | None = None,
    ) -> None:
        super().__init__(n, seed, cache_dir, split, drawings)
        self.side, self.crop = side, crop
        wide = crop // SCALE + 2 * MARGIN
        fields = {"high": (crop, crop, 3), "around": (wide, wide, 3), "corner": (2,)}
        items = stored_items(self._path(f"-{side}px-crop{crop}-m{MARGIN}.u8"), n, fields, self._render)
        self.high: Pixels = items["high"]
        self.around: Pixels = items["around"]
        self.low: Pixels = self.around[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
        self.corners: Pixels = items["corner"]

    def __getitem__(self, index: int) -> tuple[str, Pixels, Pixels]:
        """Caption of the whole picture, high crop and low crop."""
        return self.captions[index], self.high[index], self.low[index]

    def box(self, index: int) -> Box:
        """The window of pair ``index``: left, top, width and height in the big picture."""
        rng = random.Random(f"crop {self.seed} {index}")
        return sample_box(self.scene(index), self.side, self.crop, rng, self.drawings)

    def _render(self, index: int) -> tuple[Pixels, Pixels, Pixels]:
        box = self.box(index)
        high, around = crop_pair(self.scene(index), self.side, box, self.drawings, MARGIN)
        return high, around, np.array(box[:2]) // SCALE


def crop_pair(
    scene: Scene, side: int, box: Box, drawings: Drawings | None = None, margin: int = 0
) -> tuple[Pixels, Pixels]:
    """Draw a window and shrink it as the whole picture would be shrunk, without seams at the window's border.

    Args:
        scene: what to draw.
        side: width and height in pixels of the whole picture, a multiple of 4.
        box: left, top, width and height of the window, multiples of 4.
        drawings: markup by concept name; Twemoji by default.
        margin: low-resolution pixels to keep around the second answer.

    Returns:
        The window [height, width, 3], and the window of the picture at a quarter of the size.
    """
    x, y, width, height = box
    reach = REACH + margin * SCALE
    left, top = max(x - reach, 0), max(y - reach, 0)
    right, bottom = min(x + width + reach, side), min(y + height + reach, side)
    wide = render_crop(scene, side, (left, top, right - left, bottom - top), drawings)
    size = (wide.shape[1] // SCALE, wide.shape[0] // SCALE)
    small = np.asarray(Image.fromarray(wide).resize(size, Image.Resampling.BICUBIC, reducing_gap=None))
    rows = _low_pixels(y - top, height, margin, len(small))
    columns = _low_pixels(x - left, width, margin, small.shape[1])
    return wide[y - top : y - top + height, x - left : x - left + width], small[rows][:, columns]


def _low_pixels(start: int, length: int, margin: int, count: int) -> NDArray[np.intp]:
    """Which of ``count`` low-res pixels a window takes; beyond the picture, the outermost one again."""
    first = start // SCALE
    return np.arange(first - margin, first + length // SCALE + margin).clip(0, count - 1)


def sample_box(
    scene: Scene, side: int, crop: int, rng: random.Random, drawings: Drawings | None = None
) -> Box:
    """A window inside the picture, usually with an edge in it, on whole low-resolution pixels."""
    centre = (rng.uniform(0, side), rng.uniform(0, side))
    edges = find_edges(render(scene, SCOUT_SIDE, drawings))
    if len(edges) and rng.random() < EDGE_SHARE:
        y, x = ((int(i) + 0.5) * side / SCOUT_SIDE for i in edges[rng.randrange(len(edges))])
        centre = (x + rng.uniform(-crop, crop) / 4, y + rng.uniform(-crop, crop) / 4)
    left, top = (min(max(0, c - crop / 2), side - crop) for c in centre)
    return int(left) // SCALE * SCALE, int(top) // SCALE * SCALE, crop, crop


def find_edges(pixels: Pixels) -> Pixels:
    """Rows and columns [K, 2] of the pixels that differ clearly from the one to their right or below."""
    levels = pixels.astype(np.int16)
    right = np.abs(np.diff(levels, axis=1)).max(axis=2)[:-1] > EDGE_LEVELS
    below = np.abs(np.diff(levels, axis=0)).max(axis=2)[:, :-1] > EDGE_LEVELS
    return np.argwhere(right | below).astype(np.uint8)
