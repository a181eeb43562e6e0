"""3x3 convolutions by whichever way is fastest for the picture's size; all as accurate as its type is."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from if_graph.models import winograd, winograd_rows
from if_graph.models.bands import Bands
from if_graph.models.memory_layout import goes_fast, is_last, is_short, picture_of
from if_graph.models.pixel_norm import PixelNorm, sums_rows
from if_graph.models.products import MULTIPLIES_SHORT, USES_ONEDNN, product
from if_graph.models.quarters import by_quarters
from if_graph.models.unset import Unset

_LEAST_CHANNELS = 64  # below, what Winograd's way adds costs what its products save
_MANY_FILTERS = 2**20  # weights whose laying out costs torch more than a small picture's products
_SMALL = 10**2  # pixels of a picture beyond which tiles pay
_MIDDLE = 24**2  # and beyond which large tiles do
_LEAST_SHORT = 160  # channels from which bfloat16 pays along rows, in large pictures
_LARGE, _MEDIUM = 64**2, 32**2  # pixels; medium ones need the following
_MANY_SHORT = 768  # channels of input and output together


class Conv3x3(Unset, nn.Conv2d):
    """3x3 convolution of stride 1 and padding 1, [B, C_in, H, W] -> [B, C_out, H, W].

    On a CPU in float32 and without gradients, wide layers take large channels-last pictures Winograd's way,
    and small ones through one matrix product each. Which way depends on the layer and the picture's size
    alone, so that a picture is the same in any batch. In bfloat16 the widest go Winograd's way along rows.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__(c_in, c_out, 3, padding=1)

    def forward(self, x: Tensor | Bands) -> Tensor:
        """Convolve x; the memory format stays. Bands are normed and activated where ``takes_bands`` says so.

        Raises:
            ValueError: for bands with norm or activation elsewhere.
        """
        picture = x if isinstance(x, Bands) else Bands(x)
        x, tile = picture.x, self.tile_for(picture.x, picture.times)
        if tile:
            return winograd.convolve(picture, self.weight, self.bias, tile)
        if picture.times == 1 and self._pays_along_rows(x):
            return winograd_rows.convolve(picture, self.weight, self.bias)
        if picture.affine is not None or picture.activate is not None:
            raise ValueError("pictures that are not convolved band by band come normed and activated")
        if picture.times == 2:
            return self._convolve_enlarged(x)
        if self.weight.numel() >= _MANY_FILTERS and self._is_fast(x):
            return by_columns(x, self.weight, self.bias)
        return super().forward(x)

    def takes_bands(self, x: Tensor, times: int = 1) -> bool:
        """Whether x, enlarged, is laid out band by band, so that it can be normed and activated there."""
        if self.tile_for(x, times):
            return sums_rows(x)
        return times == 1 and self._pays_along_rows(x) and is_last(x)

    def tile_for(self, x: Tensor, times: int = 1) -> int:
        """Side of the tiles in which x, enlarged, is convolved Winograd's way; 0 for another way."""
        pixels = x.shape[2] * x.shape[3] * times**2
        if not self._is_fast(x):
            return 0
        if pixels >= _MIDDLE and min(self.weight.shape[:2]) >= _LEAST_CHANNELS:
            return 4
        return 2 if pixels > _SMALL and self.weight.numel() >= _MANY_FILTERS else 0

    def _convolve_enlarged(self, x: Tensor) -> Tensor:
        is_large = x.shape[2] * x.shape[3] >= _MIDDLE  # else, summing the weights takes what it saves
        if is_large and is_short(x) and self.weight.dtype == x.dtype:
            return by_quarters(x, self.weight, self.bias)
        return self.forward(F.interpolate(x, scale_factor=2.0, mode="nearest"))

    def _pays_along_rows(self, x: Tensor) -> bool:
        if not (MULTIPLIES_SHORT and is_short(x) and self.weight.dtype == x.dtype):
            return False
        pixels, channels = x.shape[2] * x.shape[3], self.weight.shape[:2]
        is_medium = pixels >= _MEDIUM and sum(channels) >= _MANY_SHORT
        return min(channels) >= _LEAST_SHORT and (pixels >= _LARGE or is_medium)

    def _is_fast(self, x: Tensor) -> bool:
        return goes_fast(x) and not x.is_contiguous() and self.weight.dtype == x.dtype


def normed(
    conv: Conv3x3,
    x: Tensor,
    norm: PixelNorm,
    activate: Callable[[Tensor], Tensor],
    scale: Tensor | None = None,
    shift: Tensor | None = None,
    times: int = 1,
) -> Tensor:
    """Convolve x [B, C_in, H, W], normed, scaled and shifted, activated, and enlarged ``times``.

    Where it is done band by band, what the convolution sees never lies in memory whole.

    Args:
        conv: maps C_in channels to C_out.
        x: pictures.
        norm: is given x, scale and shift.
        activate: may work in place.
        scale: [B, C_in], or None.
        shift: [B, C_in], or None.
        times: 1, or 2 for nearest neighbours.
    """
    if conv.takes_bands(x, times):
        seen: Tensor | Bands = Bands(x, norm(x, scale, shift, applies=False), activate, times)
    else:
        h = activate(norm(x, scale, shift))
        seen = h if times == 1 else Bands(h, times=2)
    out: Tensor = conv(seen)
    return out


def by_columns(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolve x [B, C_in, H, W] with weight [C_out, C_in, 3, 3] as one matrix product; channels-last."""
    columns = F.unfold(x, 3, padding=1)  # [B, C_in * 9, H * W]
    if USES_ONEDNN:
        return picture_of(product(columns.transpose(1, 2), weight.flatten(1), bias), x.shape[2:])
    filters = weight.flatten(1).expand(len(x), -1, -1)  # on the left: so MKL takes three quarters of the time
    flat = torch.bmm(filters, columns) if bias is None else torch.baddbmm(bias[:, None], filters, columns)
    return flat.view(len(x), -1, *x.shape[2:]).contiguous(memory_format=torch.channels_last)
