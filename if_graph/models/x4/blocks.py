"""Residual blocks and resampling of the upscaler's UNet and VAE (state-dict keys as published)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from if_graph.models.activations import silu_of, spare
from if_graph.models.bands import Bands
from if_graph.models.convolution import Conv3x3, normed
from if_graph.models.pixel_norm import PixelNorm
from if_graph.models.products import Conv1x1


class _TwoConvs(nn.Module):
    """Norm, SiLU and convolution, twice, beside a skip."""

    def __init__(self, c_in: int, c_out: int, groups: int, eps: float) -> None:
        super().__init__()
        self.norm1 = PixelNorm(groups, c_in, eps=eps)
        self.conv1 = Conv3x3(c_in, c_out)
        self.norm2 = PixelNorm(groups, c_out, eps=eps)
        self.conv2 = Conv3x3(c_out, c_out)
        if c_in != c_out:
            self.conv_shortcut = Conv1x1(c_in, c_out)

    def _first(self, x: Tensor) -> Tensor:
        return normed(self.conv1, x, self.norm1, silu_of)

    def _second(self, x: Tensor, h: Tensor) -> Tensor:
        h = normed(self.conv2, h, self.norm2, silu_of)
        skip = self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x
        return torch.add(skip, h, out=spare(h))


class PlainBlock(_TwoConvs):
    """Residual block of the VAE, which knows no time."""

    def forward(self, x: Tensor) -> Tensor:
        """Map x [B, C_in, H, W] to [B, C_out, H, W]."""
        return self._second(x, self._first(x))


class TimedBlock(_TwoConvs):
    """Residual block of the UNet: the timestep embedding is added between its convolutions."""

    def __init__(self, c_in: int, c_out: int, embed_dim: int, groups: int, eps: float) -> None:
        super().__init__(c_in, c_out, groups, eps)
        self.time_emb_proj = nn.Linear(embed_dim, c_out)

    def forward(self, x: Tensor, embed: Tensor) -> Tensor:
        """Map x [B, C_in, H, W] and timestep embedding [B, E] to [B, C_out, H, W]."""
        shift = self.time_emb_proj(F.silu(embed))[:, :, None, None]
        h = self._first(x)
        return self._second(x, torch.add(h, shift, out=spare(h)))


class Halve(nn.Module):
    """Convolution with stride 2; an odd side is rounded up, or down where the padding is one-sided."""

    def __init__(self, channels: int, one_sided: bool = False) -> None:
        super().__init__()
        self.pad = nn.ZeroPad2d((0, 1, 0, 1)) if one_sided else nn.Identity()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=0 if one_sided else 1)

    def forward(self, h: Tensor) -> Tensor:
        """Map h [B, C, H, W] to [B, C, H/2, W/2]."""
        out: Tensor = self.conv(self.pad(h))
        return out


class Enlarge(nn.Module):
    """Nearest neighbours to a given size, or twice the size, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = Conv3x3(channels, channels)

    def forward(self, h: Tensor, size: tuple[int, int] | None = None) -> Tensor:
        """Map h [B, C, h, w] to [B, C, *size]."""
        if size is None or size == (2 * h.shape[2], 2 * h.shape[3]):
            doubled: Tensor = self.conv(Bands(h, times=2))
            return doubled
        out: Tensor = self.conv(F.interpolate(h, size=size, mode="nearest"))
        return out
