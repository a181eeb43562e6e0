"""The levels of the U, built from residual blocks and attention."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from if_graph.models.attention import KeysValues, TextAttention
from if_graph.models.blocks import ResBlock
from if_graph.models.config import UNetConfig


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
