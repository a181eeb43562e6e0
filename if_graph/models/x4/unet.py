"""The UNet of the x4 upscaler: noisy latents, a noised picture, a timestep and text become one prediction."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from if_graph.models.activations import silu_of
from if_graph.models.checkpoint import STEM, read_json
from if_graph.models.layers import ScalarEmbedding
from if_graph.models.memory_layout import laid_out
from if_graph.models.pixel_norm import PixelNorm
from if_graph.models.placement import Placement
from if_graph.models.x4.config import UpscalerConfig, upscaler_config
from if_graph.models.x4.levels import DownLevel, MidLevel, UpLevel
from if_graph.weights import fill_weights, find_weights


class UpscalerUNet(nn.Module):
    """The network; attribute names are the published checkpoint's keys.

    Source: ``unet`` folder of stable-diffusion-x4-upscaler; after Rombach et al. 2022 (arXiv:2112.10752).
    """

    def __init__(self, config: UpscalerConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.block_out_channels
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.time_embedding = ScalarEmbedding(widths[0], 4 * widths[0], F.silu)
        self.class_embedding = nn.Embedding(config.num_class_embeds, 4 * widths[0])
        self.down_blocks = nn.ModuleList(
            DownLevel(widths[max(i - 1, 0)], i, config) for i in range(len(widths))
        )
        self.mid_block = MidLevel(config)
        self.up_blocks = _up_levels(config)
        self.conv_norm_out = PixelNorm(config.norm_num_groups, widths[0], eps=config.norm_eps)
        self.conv_out = nn.Conv2d(widths[0], config.out_channels, 3, padding=1)

    def forward(self, x_t: Tensor, t: Tensor, text: Tensor, noise_level: Tensor) -> Tensor:
        """Predict v (or noise) for latents, for one or several prompts each.

        Up to the first attention nothing depends on the prompt: there, every picture is gone through once.

        Args:
            x_t: noisy latents and the noised picture, [B, in_channels, H, W], of any height and width.
            t: timesteps [B], 0..999.
            text: CLIP's last hidden states, [k * B, L, cross_attention_dim]: the first prompts of all
                pictures, then the second ones; guidance has two.
            noise_level: noise level of the picture [B], an index below ``num_class_embeds``.

        Returns:
            [k * B, out_channels, H, W] in the dtype of the weights.
        """
        embed = self.time_embedding(t) + self.class_embedding(noise_level)
        h = self.conv_in(laid_out(x_t, self.conv_in.out_channels))
        skips = [h]
        for level in self.down_blocks:
            if hasattr(level, "attentions"):
                h, embed, *skips = _for_each(text, h, embed, *skips)
            h = level(h, embed, text, skips)
        h, embed, *skips = _for_each(text, h, embed, *skips)  # where no level has read the text
        h = self.mid_block(h, embed, text)
        for level in self.up_blocks:
            h = level(h, embed, text, skips)
        out: Tensor = self.conv_out(silu_of(self.conv_norm_out(h)))
        return out.contiguous()


def _for_each(text: Tensor, *rows: Tensor) -> list[Tensor]:
    """Repeat each of rows [B, ...] for as many prompts as a picture has; memory formats stay."""
    times = len(text) // len(rows[0])
    return list(rows) if times == 1 else [torch.cat([x] * times) for x in rows]


def _up_levels(config: UpscalerConfig) -> nn.ModuleList:
    """Mirror the way down; each level takes the skips that the way down left, last first."""
    widths, layers = config.block_out_channels, config.layers_per_block
    skips = [widths[0]]
    for level, width in enumerate(widths):
        skips += [width] * (layers + (level < len(widths) - 1))
    levels, c_in = [], widths[-1]
    for level in reversed(range(len(widths))):
        levels.append(UpLevel(c_in, [skips.pop() for _ in range(layers + 1)], level, config))
        c_in = widths[level]
    return nn.ModuleList(levels)


def load_upscaler_unet(folder: Path, placement: Placement, variant: str | None = None) -> UpscalerUNet:
    """Load ``folder``/unet; reads local safetensors only, never a pickle.

    Raises:
        CheckpointError: if something is missing or does not fit.
    """
    config = upscaler_config(read_json(folder / "unet" / "config.json"))
    with torch.device("meta"):
        unet = UpscalerUNet(config).eval()
    files = find_weights(folder / "unet", STEM, variant)
    fill_weights(unet, files, placement.device, lambda _: placement.dtype, stay=placement.stay)
    return unet
