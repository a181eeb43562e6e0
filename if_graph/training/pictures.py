"""Captioned pictures to train on, behind one small protocol; and the crop and resize of the recipe."""

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from if_graph.cascade.low_res import enlarge
from if_graph.errors import InputError
from if_graph.levels import to_pixels
from if_graph.text.clean import clean_caption

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}


@dataclass(frozen=True)
class Batch:
    """Clean pixels with captions; ``low_res`` is the condition at the same size, for super-resolution.

    Args:
        pixels: [B, 3, H, W], -1..1.
        captions: B texts.
        low_res: [B, 3, H, W], -1..1, already enlarged; None in Stage I.
        plain: the same wishes in the data's plainest words; the captions where it has no others.
    """

    pixels: Tensor
    captions: tuple[str, ...]
    low_res: Tensor | None = None
    plain: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", self.plain or self.captions)

    def to(self, device: torch.device) -> "Batch":
        """Return the batch with its pixels on ``device``."""
        low_res = None if self.low_res is None else self.low_res.to(device)
        return Batch(self.pixels.to(device), self.captions, low_res, self.plain)


class Pictures(Protocol):
    """Anything that serves captioned pictures by index."""

    def __len__(self) -> int:
        """Return the number of pictures."""

    def batch(self, indices: Sequence[int]) -> Batch:
        """Return the pictures at ``indices``."""


class Chosen:
    """Some of other pictures.

    Args:
        pictures: to choose from.
        rows: indices of those that are kept.
    """

    def __init__(self, pictures: Pictures, rows: Sequence[int]) -> None:
        self._pictures, self._rows = pictures, rows

    def __len__(self) -> int:
        return len(self._rows)

    def batch(self, indices: Sequence[int]) -> Batch:
        """Return the kept pictures at ``indices``."""
        return self._pictures.batch([self._rows[index] for index in indices])


class MemoryPictures:
    """Pictures that lie in memory or a memory map.

    Args:
        levels: 8-bit pictures [N, H, W, 3].
        captions: N texts.
        conditions: enlarged low-res pictures [N, H, W, 3], or None.
        plain: N canonical captions; None where the captions are all there is.
    """

    def __init__(
        self,
        levels: np.ndarray,
        captions: Sequence[str],
        conditions: np.ndarray | None = None,
        plain: Sequence[str] | None = None,
    ) -> None:
        self.levels, self.captions, self.conditions = levels, captions, conditions
        self.plain = captions if plain is None else plain

    def __len__(self) -> int:
        return len(self.captions)

    def batch(self, indices: Sequence[int]) -> Batch:
        """Return the pictures at ``indices``."""
        chosen = list(indices)
        low_res = None if self.conditions is None else to_pixels(self.conditions[chosen])
        captions, plain = (tuple(texts[i] for i in chosen) for texts in (self.captions, self.plain))
        return Batch(to_pixels(self.levels[chosen]), captions, low_res, plain)


@dataclass(frozen=True)
class Framing:
    """How pictures of any size become training pictures.

    Args:
        side: side of the training pictures in pixels.
        low_side: side of the low-res pictures for super-resolution; None for Stage I.
        max_shift: largest shift of the centre crop, as a share of the picture's side.
        seed: decides the shifts.
    """

    side: int
    low_side: int | None
    max_shift: float
    seed: int


class CroppedPictures(ABC):
    """Pictures of any size that are loaded, cropped and resized when they are asked for."""

    def __init__(self, framing: Framing) -> None:
        self.framing = framing

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of pictures."""

    @abstractmethod
    def whole(self, index: int) -> Image.Image:
        """Return the RGB picture before it is cropped."""

    @abstractmethod
    def caption(self, index: int) -> str:
        """Return the caption as the engine will clean prompts."""

    def batch(self, indices: Sequence[int]) -> Batch:
        """Load, crop and resize the pictures at ``indices``."""
        pictures = [self._picture(i) for i in indices]
        captions = tuple(self.caption(i) for i in indices)
        pixels = to_pixels(np.stack([np.asarray(picture) for picture in pictures]))
        return Batch(pixels, captions, self._conditions(pictures))

    def _picture(self, index: int) -> Image.Image:
        rng = random.Random(f"{self.framing.seed}/{index}")
        return shifted_centre_crop(self.whole(index), self.framing.side, self.framing.max_shift, rng)

    def _conditions(self, pictures: list[Image.Image]) -> Tensor | None:
        if self.framing.low_side is None:
            return None
        small = [np.asarray(shrink(picture, self.framing.low_side)) for picture in pictures]
        return enlarge(to_pixels(np.stack(small)), (self.framing.side, self.framing.side))


class FolderPictures(CroppedPictures):
    """A folder of pictures, each with its caption in a ``.txt`` file of the same name.

    Args:
        folder: searched recursively.
        framing: how pictures are cropped and resized.

    Raises:
        InputError: if the folder has no picture with a caption.
    """

    def __init__(self, folder: Path, framing: Framing) -> None:
        super().__init__(framing)
        found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        self.paths = [path for path in found if path.with_suffix(".txt").is_file()]
        if not self.paths:
            raise InputError(f"{folder}: no picture with a caption; put NAME.txt beside each NAME.png")

    def __len__(self) -> int:
        return len(self.paths)

    def caption(self, index: int) -> str:
        """Return the caption as the engine will clean prompts."""
        return clean_caption(self.paths[index].with_suffix(".txt").read_text(encoding="utf-8"))

    def whole(self, index: int) -> Image.Image:
        """Return the RGB picture before it is cropped."""
        with Image.open(self.paths[index]) as opened:
            return opened.convert("RGB")


def shrink(picture: Image.Image, side: int) -> Image.Image:
    """Resize to [side, side] with Pillow's bicubic filter, as the published recipe does."""
    return picture.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=None)


def shifted_centre_crop(picture: Image.Image, side: int, max_shift: float, rng: random.Random) -> Image.Image:
    """Cut the largest square, shifted from the centre by up to ``max_shift`` of its side, and resize it.

    Source: DeepFloyd IF model cards, "training procedure".
    """
    square = min(picture.size)
    left = _shifted((picture.width - square) // 2, picture.width - square, max_shift * square, rng)
    top = _shifted((picture.height - square) // 2, picture.height - square, max_shift * square, rng)
    return shrink(picture.crop((left, top, left + square, top + square)), side)


def _shifted(centre: int, limit: int, reach: float, rng: random.Random) -> int:
    return min(max(centre + round(rng.uniform(-reach, reach)), 0), limit)
