"""Crops for super-resolution: sharp windows of big pictures, with what the engine would condition them on."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from if_graph.levels import to_pixels
from if_graph.training.pictures import Batch

Levels = NDArray[np.uint8]


class CropPictures:
    """Windows of big pictures, each with its low-res picture and one pixel around that.

    Args:
        high: 8-bit windows [N, s, s, 3].
        around: 8-bit low-res windows with one more pixel on each side, [N, s / k + 2, s / k + 2, 3].
        corners: left and top of the low-res windows, without the margin, in the low-res picture, [N, 2].
        captions: N texts, of the whole pictures.
        whole: side in pixels of the big pictures.
    """

    def __init__(
        self, high: Levels, around: Levels, corners: Levels, captions: Sequence[str], whole: int
    ) -> None:
        self.high, self.around, self.corners = high, around, corners
        self.captions, self.whole = captions, whole

    def __len__(self) -> int:
        return len(self.captions)

    def batch(self, indices: Sequence[int]) -> Batch:
        """Return the windows at ``indices``."""
        chosen = list(indices)
        corners = torch.from_numpy(self.corners[chosen].astype(np.int64))
        low_res = enlarged_windows(to_pixels(self.around[chosen]), corners, self.high.shape[1], self.whole)
        captions = tuple(self.captions[i] for i in chosen)
        return Batch(to_pixels(self.high[chosen]), captions, low_res)


def enlarged_windows(around: Tensor, corners: Tensor, side: int, whole: int) -> Tensor:
    """Cut windows out of enlarged pictures without enlarging the rest.

    The engine enlarges whole pictures with aligned corners, so low-res pixels and windows drift apart across
    the picture: an enlarged crop would not be the crop of the enlarged picture.

    Args:
        around: low-res windows with a margin of one pixel [B, 3, s / k + 2, s / k + 2].
        corners: left and top of the windows, without margin, in the low-res picture, [B, 2].
        side: of the windows in the enlarged picture, s.
        whole: side of the enlarged picture.

    Returns:
        Windows [B, 3, s, s], equal to those of ``cascade.low_res.enlarge``.
    """
    scale = side // (around.shape[-1] - 2)
    columns, rows = (_bilinear(corner, scale, side, whole) for corner in corners.T)
    return rows[:, None] @ around @ columns[:, None].mT


def _bilinear(corner: Tensor, scale: int, side: int, whole: int) -> Tensor:
    """Weights [B, s, s / k + 2] that take a low-res axis to the window's pixels."""
    places = corner[:, None] * scale + torch.arange(side)  # in the enlarged picture, [B, s]
    low = places.double() * (whole // scale - 1) / (whole - 1) - (corner[:, None] - 1)  # from the margin on
    distance = (low[:, :, None] - torch.arange(side // scale + 2)).abs()
    return (1 - distance).clamp(min=0).float()
