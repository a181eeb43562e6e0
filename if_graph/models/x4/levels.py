"""The levels of the upscaler's UNet; any side is allowed, because the way up is told its sizes."""

import torch
from torch import Tensor, nn

from if_graph.models.x4.attention import PixelTransformer
from if_graph.models.x4.blocks import Enlarge, Halve, TimedBlock
from if_graph.models.x4.config import UpscalerConfig


def block(c_in: int, c_out: int, config: UpscalerConfig) -> TimedBlock:
    """One residual block of this network; the timestep embedding is four times its first width."""
    return TimedBlock(c_in, c_out, 4 * config.block_out_channels[0], config.norm_num_groups, config.norm_eps)


def transformers(count: int, level: int, config: UpscalerConfig, in_middle: bool = False) -> nn.ModuleList:
    """The attention layers of a level; in the middle the first attention always reads the picture."""
    channels, only_text = config.block_out_channels[level], config.only_cross_attention[level]
    return nn.ModuleList(
        PixelTransformer(
            channels, config.cross_attention_dim, config.heads[level],
            only_text and not in_middle, config.norm_num_groups,
        )
        for _ in range(count)
    )  # fmt: skip


class DownLevel(nn.Module):
    """Residual blocks and attention at one size, then half of it; every result is a skip."""

    def __init__(self, c_in: int, level: int, config: UpscalerConfig) -> None:
        super().__init__()
        channels, layers = config.block_out_channels[level], config.layers_per_block
        self.resnets = nn.ModuleList(block(channels if i else c_in, channels, config) for i in range(layers))
        if config.level_has_attention[level]:
            self.attentions = transformers(layers, level, config)
        if level < len(config.block_out_channels) - 1:
            self.downsamplers = nn.ModuleList([Halve(channels)])

    def forward(self, h: Tensor, embed: Tensor, text: Tensor, skips: list[Tensor]) -> Tensor:
        """Map h [B, C_in, H, W] to [B, C, H/2, W/2], odd sides rounded up, appending to ``skips``."""
        for i, resnet in enumerate(self.resnets):
            h = resnet(h, embed)
            if hasattr(self, "attentions"):
                h = self.attentions[i](h, text)
            skips.append(h)
        if hasattr(self, "downsamplers"):
            h = self.downsamplers[0](h)
            skips.append(h)
        return h


class MidLevel(nn.Module):
    """Residual block, attention, residual block at the smallest size."""

    def __init__(self, config: UpscalerConfig) -> None:
        super().__init__()
        channels = config.block_out_channels[-1]
        self.resnets = nn.ModuleList(block(channels, channels, config) for _ in range(2))
        self.attentions = transformers(1, len(config.block_out_channels) - 1, config, in_middle=True)

    def forward(self, h: Tensor, embed: Tensor, text: Tensor) -> Tensor:
        """Map h [B, C, H, W] to the same shape."""
        h = self.attentions[0](self.resnets[0](h, embed), text)
        out: Tensor = self.resnets[1](h, embed)
        return out


class UpLevel(nn.Module):
    """Residual blocks that take one skip each, and attention, then the size of the next skip."""

    def __init__(self, c_in: int, skip_widths: list[int], level: int, config: UpscalerConfig) -> None:
        super().__init__()
        channels = config.block_out_channels[level]
        widths = [c_in] + [channels] * (len(skip_widths) - 1)
        self.resnets = nn.ModuleList(
            block(width + skip, channels, config) for width, skip in zip(widths, skip_widths, strict=True)
        )
        if config.level_has_attention[level]:
            self.attentions = transformers(len(skip_widths), level, config)
        if level > 0:
            self.upsamplers = nn.ModuleList([Enlarge(channels)])

    def forward(self, h: Tensor, embed: Tensor, text: Tensor, skips: list[Tensor]) -> Tensor:
        """Map h [B, C_in, H, W] to [B, C, H', W'], the size of the skip that is next after this level's."""
        for i, resnet in enumerate(self.resnets):
            h = torch.cat([h, skips.pop()], dim=1)  # the narrower one is not kept while the block runs
            h = resnet(h, embed)
            if hasattr(self, "attentions"):
                h = self.attentions[i](h, text)
        if hasattr(self, "upsamplers"):
            h = self.upsamplers[0](h, tuple(skips[-1].shape[2:]))
        return h
