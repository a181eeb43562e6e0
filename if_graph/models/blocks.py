"""The residual block of the IF networks."""

import torch
from torch import Tensor, nn

from if_graph.models.activations import gelu_of, spare
from if_graph.models.config import UNetConfig
from if_graph.models.convolution import Conv3x3, normed
from if_graph.models.memory_layout import is_inferred, is_last
from if_graph.models.pixel_norm import PixelNorm
from if_graph.models.products import Conv1x1


class ResBlock(nn.Module):
    """Residual block with a timestep-driven scale and shift; may halve or double the picture on the way."""

    def __init__(
        self,
        c_in: int,
        c_out: int,
        config: UNetConfig,
        resample: nn.Module | None = None,
        scale: float | None = None,
    ) -> None:
        super().__init__()
        self.norm1 = PixelNorm(config.norm_num_groups, c_in, eps=config.norm_eps)
        self.conv1 = Conv3x3(c_in, c_out)
        self.time_emb_proj = nn.Linear(config.time_embedding_dim, 2 * c_out)
        self.norm2 = PixelNorm(config.norm_num_groups, c_out, eps=config.norm_eps)
        self.conv2 = Conv3x3(c_out, c_out)
        if c_in != c_out:
            self.conv_shortcut = Conv1x1(c_in, c_out)
        self.resample = resample or nn.Identity()
        self.activate_embed = nn.Identity() if config.resnet_skip_time_act else nn.GELU()
        self.out_scale = config.resnet_out_scale_factor if scale is None else scale

    def forward(self, x: Tensor, embed: Tensor) -> Tensor:
        """Map x [B, C_in, H, W] and timestep embedding [B, T] to [B, C_out, H', W']."""
        scale, shift = self.time_emb_proj(self.activate_embed(embed)).chunk(2, dim=1)
        if isinstance(self.resample, nn.AvgPool2d):
            h = self.conv1(self.resample(gelu_of(self.norm1(x))))
        else:
            h = normed(self.conv1, x, self.norm1, gelu_of, times=1 + isinstance(self.resample, nn.Upsample))
        h = normed(self.conv2, h, self.norm2, gelu_of, scale, shift)
        h = self._joined(x, h)
        return h if self.out_scale == 1 else torch.div(h, self.out_scale, out=spare(h))

    def _joined(self, x: Tensor, h: Tensor) -> Tensor:
        """Add x, resampled and of as many channels as h, to h, a fresh tensor."""
        if isinstance(self.resample, nn.Upsample) and is_inferred(h) and is_last(h):
            return _add_to_four(x, h)
        x = self.resample(x)
        if hasattr(self, "conv_shortcut"):
            x = self.conv_shortcut(x)
        return torch.add(x, h, out=spare(h))


def _add_to_four(x: Tensor, fresh: Tensor) -> Tensor:
    """Add each pixel of x [B, C, H, W] to four of [B, C, 2H, 2W], channels-last, in place."""
    small = x.permute(0, 2, 3, 1)
    count, height, width, channels = small.shape
    four = fresh.permute(0, 2, 3, 1).view(count, height, 2, width, 2, channels)
    four += small[:, :, None, :, None]
    return fresh
