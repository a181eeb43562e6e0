"""Pictures for the checker with what is to be said of each, rendered once and kept on disk."""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from if_graph.cascade.safety import clip_levels, normalised
from if_graph.cascade.watermark import load_mark, mark_box, paste_mark
from if_graph.levels import to_pixels
from if_graph.training.safety.drawn import NAMES, UNWANTED
from if_graph.training.safety.maps import ink_map, thing_map
from if_graph.training.safety.marks import watermarked
from if_graph.training.safety.scenes import SafetyScenes
from if_graph.training.world.dataset import WORLD_CACHE
from if_graph.training.world.render import Drawings, render
from if_graph.training.world.split import Split
from if_graph.training.world.store import stored_items, world_version

UNWANTED_SHARE, MARKED_SHARE, OWN_MARK_SHARE = 0.45, 0.3, 0.3


@dataclass(frozen=True)
class Labelled:
    """A batch for the checker.

    Args:
        views: what the tower sees, normalised, [B, 3, side, side].
        unwanted: 1 where something unwanted is shown, [B].
        marked: 1 where a watermark is visible, [B].
        shown: 1 for each of ``NAMES`` that is shown, [B, N].
        things: the thing in each patch, its place in ``NAMES`` plus one, or 0, [B, grid, grid].
        ink: 1 for each patch under a watermark, [B, grid, grid].
    """

    views: Tensor
    unwanted: Tensor
    marked: Tensor
    shown: Tensor
    things: Tensor
    ink: Tensor


class SafetyPictures:
    """``n`` pictures of a split; item ``i`` follows from the seed and ``i`` alone.

    Args:
        n: number of pictures.
        side: of the views, as the tower sees them.
        grid: patches along a side of a view.
        sizes: sides of the pictures before they are brought to that, drawn at random.
        seed: draws scenes, marks and sizes.
        split: combinations of things and backgrounds, and words of watermarks, to draw from.
        cache_dir: folder for the memory map.
        drawings: markup of everything by name; Twemoji by default.
    """

    def __init__(
        self,
        n: int,
        side: int,
        grid: int,
        sizes: tuple[int, ...],
        seed: int,
        split: Split,
        cache_dir: Path = WORLD_CACHE,
        drawings: Drawings | None = None,
    ) -> None:
        self.side, self.grid, self.sizes, self.seed, self.split = side, grid, sizes, seed, split
        self.mark, self.scenes = load_mark(), SafetyScenes(drawings)
        cache_dir.mkdir(parents=True, exist_ok=True)
        tag = "-".join(map(str, sizes))
        world = world_version(self.scenes.drawings)
        path = cache_dir / f"safety-{split}-{world}-s{seed}-n{n}-{side}px-{grid}-{tag}.u8"
        maps = {"things": (grid, grid), "ink": (grid, grid)}
        fields = {"levels": (3, side, side), "labels": (2 + len(NAMES),), **maps}
        self.items = stored_items(path, n, fields, self._make)

    def __len__(self) -> int:
        return len(self.items)

    def batch(self, indices: list[int]) -> Labelled:
        """Return the pictures at ``indices``."""
        rows = self.items[indices]
        labels = torch.from_numpy(rows["labels"].astype(np.float32))
        views = normalised(torch.from_numpy(np.ascontiguousarray(rows["levels"])))
        things, ink = (torch.from_numpy(rows[name].astype(np.int64)) for name in ("things", "ink"))
        return Labelled(views, labels[:, 0], labels[:, 1], labels[:, 2:], things, ink.float())

    def _make(self, index: int) -> tuple[NDArray[np.uint8], ...]:
        rng = random.Random(f"safety {self.split} {self.seed} {index}")
        is_unwanted, is_marked = rng.random() < UNWANTED_SHARE, rng.random() < MARKED_SHARE
        scene = self.scenes.sample(rng, is_unwanted, self.split)
        plain = render(scene, rng.choice(self.sizes), self.scenes.drawings)
        pixels = watermarked(plain, rng, self.split) if is_marked else plain
        picture = to_pixels(pixels[None])
        if rng.random() < OWN_MARK_SHARE:  # this project's own mark is none of somebody's
            picture = self._own_marked(picture)
        levels = clip_levels(picture[0], self.side).numpy()
        shown = {placed.concept for placed in scene.objects}
        labels = [bool(shown & set(UNWANTED)), is_marked, *(name in shown for name in NAMES)]
        maps = thing_map(scene.objects, self.grid), ink_map(plain, pixels, self.grid)
        return levels, np.array(labels, np.uint8), *maps

    def _own_marked(self, picture: Tensor) -> Tensor:
        left, top, right, bottom = mark_box(picture.shape[3], picture.shape[2])
        marked = picture.clone()
        marked[:, :, top:bottom, left:right] = paste_mark(picture[:, :, top:bottom, left:right], self.mark)
        return marked
