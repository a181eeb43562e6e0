"""GroupNorm over pixels, as accurate in channels-last memory as in any other."""

from typing import Any

import torch
from torch import Tensor, nn

from if_graph.models.activations import spare
from if_graph.models.memory_layout import goes_fast, is_large_last, is_short, picture_of, rows_of
from if_graph.models.moments import moments, moments_of_short
from if_graph.models.unset import Unset

_LONG_SUM = 128**2  # pixels from which the order of memory shows in torch's float32 sums


def sums_rows(x: Tensor) -> bool:
    """Whether :class:`PixelNorm` sums x as it lies in channels-last memory, by sums of its own."""
    return is_large_last(x) and goes_fast(x)


class PixelNorm(Unset, nn.GroupNorm):
    """GroupNorm over pixels, as accurate in channels-last memory as in any other.

    On a CPU torch sums channels-last pictures in one float32 chain: at 1024 x 1024 values of size 1 come out
    wrong by 1e-3, against 5e-7 where channels come first. So they get sums of their own without gradients,
    and large ones are turned over and back with them.
    """

    def forward(
        self, x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None, applies: bool = True
    ) -> Any:
        """Normalise x [B, C, H, W], multiply by 1 + scale and add shift, both [B, C]; the layout stays.

        Scale and shift are given both or not at all; they cost nothing where the norm sums for itself. If it
        does not apply itself, it answers by what x, channels-last, is to be multiplied and what to be added,
        each [B, 1, C] in float32.
        """
        if sums_rows(x) or not applies:
            affine = self._affine_of(x, scale, shift)
            return _applied(x, *affine) if applies else affine
        h = self._plain(x)
        if scale is None or shift is None:
            return h
        if is_short(x):
            return torch.addcmul(shift[:, :, None, None], h, 1 + scale[:, :, None, None], out=h)
        h = torch.mul(h, 1 + scale[:, :, None, None], out=spare(h))
        return torch.add(h, shift[:, :, None, None], out=spare(h))

    def _affine_of(self, x: Tensor, scale: Tensor | None, shift: Tensor | None) -> tuple[Tensor, Tensor]:
        factor, offset = self._affine(*(moments_of_short(x) if is_short(x) else moments(rows_of(x))))
        if scale is None or shift is None:
            return factor, offset
        gain = 1 + scale[:, None].float()
        return factor * gain, torch.addcmul(shift[:, None].float(), offset, gain)

    def _plain(self, x: Tensor) -> Tensor:
        is_long = x.shape[-2] * x.shape[-1] >= _LONG_SUM and not is_short(x)
        if x.is_contiguous() or x.device.type != "cpu" or not is_long:
            return super().forward(x)
        return super().forward(x.contiguous()).contiguous(memory_format=torch.channels_last)

    def _affine(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Turn moments of channels [B, C] into what a pixel is multiplied by and what is added, [B, 1, C]."""
        means, variances = (part.view(len(mean), self.num_groups, -1) for part in (mean, variance))
        middle = means.mean(2, keepdim=True)
        spread = (variances + (means - middle).square()).mean(2, keepdim=True)
        weight, bias = (part.double().view(self.num_groups, -1) for part in (self.weight, self.bias))
        factor = (spread + self.eps).rsqrt() * weight
        offset = bias - middle * factor
        return factor.flatten(1)[:, None].float(), offset.flatten(1)[:, None].float()


def _applied(x: Tensor, factor: Tensor, offset: Tensor) -> Tensor:
    return picture_of(torch.addcmul(offset, rows_of(x), factor), x.shape[2:])
