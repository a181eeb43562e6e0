"""3x3 convolutions by whichever way is fastest for the picture's size; all as accurate as float32 is."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from if_graph.models import winograd
from if_graph.models.pixel_norm import goes_fast

_LEAST_CHANNELS = 64  # below, what Winograd's way adds costs what its products save
_MANY_FILTERS = 2**20  # weights whose laying out costs torch more than a small picture's products
_SMALL = 10**2  # pixels of a picture beyond which tiles pay
_MIDDLE = 24**2  # and beyond which large tiles do


class Conv3x3(nn.Conv2d):
    """3x3 convolution of stride 1 and padding 1, [B, C_in, H, W] -> [B, C_out, H, W].

    On a CPU in float32 and without gradients, wide layers take large channels-last pictures Winograd's way,
    and small ones through one matrix product each. Which way depends on the layer and the picture's size
    alone, so that a picture is the same in any batch.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__(c_in, c_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve x; the memory format stays."""
        if not goes_fast(x) or x.is_contiguous() or self.weight.dtype != x.dtype:
            return super().forward(x)
        pixels, is_large = x.shape[2] * x.shape[3], self.weight.numel() >= _MANY_FILTERS
        if pixels >= _MIDDLE and min(self.weight.shape[:2]) >= _LEAST_CHANNELS:
            return winograd.convolve(x, self.weight, self.bias, tile=4)
        if pixels > _SMALL and is_large:
            return winograd.convolve(x, self.weight, self.bias, tile=2)
        return by_columns(x, self.weight, self.bias) if is_large else super().forward(x)


def by_columns(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolve x [B, C_in, H, W] with weight [C_out, C_in, 3, 3] as one matrix product; channels-last."""
    columns = F.unfold(x, 3, padding=1).transpose(1, 2)  # [B, H * W, C_in * 9]
    filters = weight.flatten(1).T.expand(len(x), -1, -1)
    rows = torch.bmm(columns, filters) if bias is None else torch.baddbmm(bias, columns, filters)
    return rows.view(len(x), *x.shape[2:], -1).permute(0, 3, 1, 2)
