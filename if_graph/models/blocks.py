"""Residual blocks, and the levels of the U built from them."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from if_graph.models.attention import KeysValues, TextAttention
from if_graph.models.config import UNetConfig
from if_graph.models.convolution import Conv3x3, normed
from if_graph.models.layers import gelu_of, spare
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
        skip = self.resample(x)
        if hasattr(self, "conv_shortcut"):
            skip = self.conv_shortcut(skip)
        h = torch.add(skip, h, out=spare(h))
        return h if self.out_scale == 1 else torch.div(h, self.out_scale, out=spare(h))


def _halve() -> nn.Module:
    return nn.AvgPool2d(2)


def _double() -> nn.Module:
    return nn.Upsample(scale_factor=2, mode="nearest")


def _attentions(count: int, channels: int, config: UNetConfig) -> nn.ModuleList:
    return nn.ModuleList(TextAttention(channels, config) for _ in range(count))


class DownLevel(nn.Module):
    """Residual blocks at one size, then a block that halves it; every result is a skip."""

    def __init__(self, c_in: int, level: int, config: UNetConfig) -> None:
        super().__init__()
        channels, layers = config.block_out_channels[level], config.layers_per_block[level]
        self.resnets = nn.ModuleList(
            ResBlock(c_in if i == 0 else channels, channels, config) for i in range(layers)
        )
        if config.level_has_attention[level]:
            self.attentions = _attentions(layers, channels, config)
        if level < len(config.block_out_channels) - 1:
            self.downsamplers = nn.ModuleList([ResBlock(channels, channels, config, _halve())])

    def forward(
        self,
        h: Tensor,
        embed: Tensor,
        text: Iterator[KeysValues],
        skips: list[Tensor],
        halves: bool = True,
    ) -> Tensor:
        """Map h [B, C_in, H, W] to [B, C, H/2, W/2], appending to ``skips``; or only to [B, C, H, W]."""
        for i, resnet in enumerate(self.resnets):
            h = resnet(h, embed)
            if hasattr(self, "attentions"):
                h = self.attentions[i](h, next(text))
            skips.append(h)
        if halves and hasattr(self, "downsamplers"):
            h = self.downsamplers[0](h, embed)
            skips.append(h)
        return h


class MidLevel(nn.Module):
    """Residual block, attention, residual block at the smallest size."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        channels, scale = config.block_out_channels[-1], config.mid_block_scale_factor
        self.resnets = nn.ModuleList(ResBlock(channels, channels, config, scale=scale) for _ in range(2))
        self.attentions = _attentions(1, channels, config)

    def forward(self, h: Tensor, embed: Tensor, text: Iterator[KeysValues]) -> Tensor:
        """Map h [B, C, H, W] to the same shape."""
        h = self.attentions[0](self.resnets[0](h, embed), next(text))
        out: Tensor = self.resnets[1](h, embed)
        return out


class UpLevel(nn.Module):
    """Residual blocks that take one skip each, then a block that doubles the size."""

    def __init__(self, c_in: int, skip_widths: list[int], level: int, config: UNetConfig) -> None:
        super().__init__()
        channels = config.block_out_channels[level]
        widths = [c_in] + [channels] * (len(skip_widths) - 1)
        self.resnets = nn.ModuleList(
            ResBlock(width + skip, channels, config) for width, skip in zip(widths, skip_widths, strict=True)
        )
        if config.level_has_attention[level]:
            self.attentions = _attentions(len(skip_widths), channels, config)
        if level > 0:
            self.upsamplers = nn.ModuleList([ResBlock(channels, channels, config, _double())])

    def forward(self, h: Tensor, embed: Tensor, text: Iterator[KeysValues], skips: list[Tensor]) -> Tensor:
        """Map h [B, C_in, H, W] to [B, C, 2H, 2W], popping from ``skips``."""
        for i, resnet in enumerate(self.resnets):
            h = torch.cat([h, skips.pop()], dim=1)  # the narrower one is not kept while the block runs
            h = resnet(h, embed)
            if hasattr(self, "attentions"):
                h = self.attentions[i](h, next(text))
        if hasattr(self, "upsamplers"):
            h = self.upsamplers[0](h, embed)
        return h
