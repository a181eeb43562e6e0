"""The autoencoder of the x4 upscaler: pictures to latents a quarter as high and wide, and back."""

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from if_graph.models.activations import silu_of
from if_graph.models.checkpoint import STEM, read_json
from if_graph.models.memory_layout import laid_out
from if_graph.models.pixel_norm import PixelNorm
from if_graph.models.placement import Placement
from if_graph.models.x4.renamed import fill_renamed
from if_graph.models.x4.vae_blocks import EPS, DownLevel, Middle, UpLevel
from if_graph.models.x4.vae_config import VaeConfig, vae_config
from if_graph.weights import find_weights

_OLD_NAMES = {".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v.", ".proj_attn.": ".to_out.0."}


class Encoder(nn.Module):
    """Pixels to the mean and log-variance of latents."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        widths, groups = config.block_out_channels, config.norm_num_groups
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(
            DownLevel(widths[max(i - 1, 0)], width, config.layers_per_block, groups, i == len(widths) - 1)
            for i, width in enumerate(widths)
        )
        self.mid_block = Middle(widths[-1], groups)
        self.conv_norm_out = PixelNorm(groups, widths[-1], eps=EPS)
        self.conv_out = nn.Conv2d(widths[-1], 2 * config.latent_channels, 3, padding=1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Map pixels [B, 3, H, W] to moments [B, 2 * C, H / factor, W / factor]."""
        h = self.conv_in(laid_out(pixels, self.conv_in.out_channels))
        for level in self.down_blocks:
            h = level(h)
        out: Tensor = self.conv_out(silu_of(self.conv_norm_out(self.mid_block(h))))
        return out.contiguous()


class Decoder(nn.Module):
    """Latents to pixels."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        widths, groups = config.block_out_channels[::-1], config.norm_num_groups
        self.conv_in = nn.Conv2d(config.latent_channels, widths[0], 3, padding=1)
        self.mid_block = Middle(widths[0], groups)
        self.up_blocks = nn.ModuleList(
            UpLevel(widths[max(i - 1, 0)], width, config.layers_per_block + 1, groups, i == len(widths) - 1)
            for i, width in enumerate(widths)
        )
        self.conv_norm_out = PixelNorm(groups, widths[-1], eps=EPS)
        self.conv_out = nn.Conv2d(widths[-1], config.in_channels, 3, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        """Map latents [B, C, h, w] to pixels [B, 3, h * factor, w * factor]."""
        h = self.mid_block(self.conv_in(laid_out(latents, self.conv_in.out_channels)))
        for level in self.up_blocks:
            for part in cast("UpLevel", level).parts():
                h = part(h)
        out: Tensor = self.conv_out(silu_of(self.conv_norm_out(h)))
        return out.contiguous()


class Vae(nn.Module):
    """The autoencoder; attribute names are the published checkpoint's keys.

    Source: ``vae`` folder of stable-diffusion-x4-upscaler; after Rombach et al. 2022 (arXiv:2112.10752).
    """

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.latent_channels
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quant_conv = nn.Conv2d(2 * channels, 2 * channels, 1)
        self.post_quant_conv = nn.Conv2d(channels, channels, 1)

    def encode(self, pixels: Tensor, noise: Tensor | None = None) -> Tensor:
        """Turn pixels [B, 3, H, W], -1..1 into latents [B, C, H / factor, W / factor], scaled for the UNet.

        Args:
            pixels: sides are multiples of the factor.
            noise: standard normal, of the latents' shape, to draw from the posterior; None for its mean.
        """
        mean, log_variance = self.quant_conv(self.encoder(pixels)).chunk(2, dim=1)
        if noise is not None:
            mean = mean + torch.exp(0.5 * log_variance.clamp(-30, 20)) * noise  # limits of the training code
        scaled: Tensor = mean * self.config.scaling_factor
        return scaled

    def decode(self, latents: Tensor) -> Tensor:
        """Turn the UNet's latents [B, C, h, w] into pixels [B, 3, h * factor, w * factor], about -1..1."""
        pixels: Tensor = self.decoder(self.post_quant_conv(latents / self.config.scaling_factor))
        return pixels


def load_vae(folder: Path, placement: Placement, variant: str | None = None) -> Vae:
    """Load ``folder``/vae, in float32 where float16 would overflow; names of older files are read too.

    Raises:
        CheckpointError: if something is missing or does not fit.
    """
    config = vae_config(read_json(folder / "vae" / "config.json"))
    with torch.device("meta"):
        vae = Vae(config).eval()
    overflows = config.force_upcast and placement.dtype == torch.float16
    dtype = torch.float32 if overflows else placement.dtype
    files = find_weights(folder / "vae", STEM, variant)
    fill_renamed(vae, files, placement.device, dtype, _newer_name, placement.stay)
    return vae


def _newer_name(name: str) -> str:
    for old, new in _OLD_NAMES.items():
        name = name.replace(old, new)
    return name
