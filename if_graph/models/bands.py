"""Pictures that are made as they are convolved, a band of rows at a time, and never lie in memory whole."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from if_graph.models.winograd_points import shaped


@dataclass(frozen=True)
class Bands:
    """What a convolution sees: x, or x normed and activated, or either enlarged by nearest neighbours.

    Args:
        x: channels-last pictures [B, C, H, W].
        affine: what every channel is multiplied by and what is added, each [B, 1, C], float32; or None.
        activate: works in place.
        times: by which both sides are enlarged, 1 or 2.
    """

    x: Tensor
    affine: tuple[Tensor, Tensor] | None = None
    activate: Callable[[Tensor], object] | None = None
    times: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what is seen."""
        height, width = self.x.shape[2:]
        return height * self.times, width * self.times

    def bordered(
        self, i: int, j: int, size: tuple[int, int, int, int], room: Tensor, beside: int = 1
    ) -> Tensor:
        """Make a band of pictures from i and rows from j in ``room``, with a border, zero beyond the picture.

        ``size`` is [B, rows, columns, C] without the border, which is a row above and below and ``beside``
        columns on either side.
        """
        count, rows, columns, channels = size
        height, width = self.size
        seen = shaped(room, count, rows + 2, columns + 2 * beside, channels)
        top, end = max(j - 1, 0), min(j + rows + 1, height)
        inner = slice(top - j + 1, end - j + 1)
        self._write(slice(i, i + count), slice(top, end), seen[:, inner, beside : width + beside], seen)
        sides = seen[:, :, :beside], seen[:, :, width + beside :]
        for edge in (seen[:, : inner.start], seen[:, inner.stop :], *sides):
            edge.zero_()
        return seen

    def _write(self, pictures: slice, rows: slice, into: Tensor, whole: Tensor) -> None:
        """Write these rows of these pictures into [b, rows, W * times, C], a part of ``whole``."""
        if self.times == 1:
            self._lay(pictures, rows, into)
            self._activate(whole)  # what lies in order is done sooner, whatever else is in it
            return
        first, end = rows.start // 2, -(-rows.stop // 2)
        small = into.new_empty(len(into), end - first, self.x.shape[3], self.x.shape[1])
        self._lay(pictures, slice(first, end), small)
        self._activate(small)
        tall = small.repeat_interleave(2, dim=1)[:, rows.start - 2 * first :][:, : into.shape[1]]
        into[:, :, ::2], into[:, :, 1::2] = tall, tall

    def _lay(self, pictures: slice, rows: slice, into: Tensor) -> None:
        seen = self.x.permute(0, 2, 3, 1)[pictures, rows]
        if self.affine is None:
            into.copy_(seen)
        else:
            factor, offset = (part[pictures, None] for part in self.affine)
            _apply(seen, factor, offset, into)

    def _activate(self, laid: Tensor) -> None:
        if self.activate is not None:
            self.activate(laid)


def _apply(seen: Tensor, factor: Tensor, offset: Tensor, into: Tensor) -> None:
    """Multiply [B, H, W, C] with [B, 1, 1, C] and add, in float32, rounding once."""
    if seen.dtype == torch.float32:
        torch.addcmul(offset, seen, factor, out=into)
        return
    mean, variance = torch.zeros_like(factor[0, 0, 0]), torch.ones_like(factor[0, 0, 0])
    for one, gain, shift, here in zip(torch.split(seen, 1), factor, offset, into, strict=True):
        picture = one.permute(0, 3, 1, 2)  # the norm of a batch is torch's one kernel for mixed types
        fresh = F.batch_norm(picture, mean, variance, gain[0, 0], shift[0, 0], eps=0.0)
        here.copy_(fresh[0].permute(1, 2, 0))
