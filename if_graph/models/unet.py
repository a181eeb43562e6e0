"""The UNet of every IF stage: noisy pixels, a timestep and text become one prediction."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from if_graph.models.activations import gelu_of
from if_graph.models.attention import KeysValues, TextAttention
from if_graph.models.config import UNetConfig
from if_graph.models.layers import PooledText, ScalarEmbedding
from if_graph.models.levels import DownLevel, MidLevel, UpLevel
from if_graph.models.memory_layout import laid_out
from if_graph.models.pixel_norm import PixelNorm


@dataclass(frozen=True)
class TextFeatures:
    """What one network makes of the text; independent of t, so made once per prompt.

    Args:
        pooled: the text's share of the timestep embedding, [B, T].
        keys_values: keys and values of every attention layer, in the order the layers run.
    """

    pooled: Tensor
    keys_values: tuple[KeysValues, ...]


@dataclass
class DeepFeatures:
    """What the levels below the first made at one step, for later steps of the same run.

    Args:
        h: what enters the last level on the way up, [B, C, H, W]; None until it has been computed.
    """

    h: Tensor | None = None


class UNet(nn.Module):
    """One network of the IF family; attribute names are the published checkpoint's keys.

    Source: ``unet`` folder of the IF checkpoints; after Dhariwal & Nichol 2021 (arXiv:2105.05233).
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths, embed_dim = config.block_out_channels, config.time_embedding_dim
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.time_embedding = ScalarEmbedding(widths[0], embed_dim)
        if config.embeds_noise_level:
            self.class_embedding = ScalarEmbedding(widths[0], embed_dim)
        self.encoder_hid_proj = nn.Linear(config.encoder_hid_dim, config.cross_attention_dim)
        self.add_embedding = PooledText(config.encoder_hid_dim, embed_dim, config.pool_heads)
        self.down_blocks = _down_levels(config)
        self.mid_block = MidLevel(config)
        self.up_blocks = _up_levels(config)
        self.conv_norm_out = PixelNorm(config.norm_num_groups, widths[0], eps=config.norm_eps)
        self.conv_out = nn.Conv2d(widths[0], config.out_channels, 3, padding=1)

    def read_text(self, states: Tensor, pooled_states: Tensor | None = None) -> TextFeatures:
        """Compute everything that depends on the text alone.

        Args:
            states: text encoder states, [B, L, encoder_hid_dim]; padding takes part, as in the reference.
            pooled_states: other states for the pooled path (style), same shape; None for ``states``.
        """
        context = self.encoder_hid_proj(states)
        layers = [module for module in self._in_running_order() if isinstance(module, TextAttention)]
        pooled = self.add_embedding(states if pooled_states is None else pooled_states)
        return TextFeatures(pooled, tuple(layer.read_text(context) for layer in layers))

    def forward(
        self,
        x_t: Tensor,
        t: Tensor,
        text: TextFeatures,
        noise_level: Tensor | None = None,
        deep: DeepFeatures | None = None,
    ) -> Tensor:
        """Predict noise (or v, or x_0) and, with six output channels, the log-variance interpolation.

        Args:
            x_t: noisy pixels [B, in_channels, H, W]; low-res pixels are concatenated by the caller.
            t: timesteps [B], 0..999.
            text: from :meth:`read_text` of this very network, B rows.
            noise_level: noise level of the low-res pixels [B], 0..999; only where the network embeds it.
            deep: takes up what the inner levels make, or if it holds that already, stands in for them; only
                where the first level has no attention.

        Returns:
            [B, out_channels, H, W] in the dtype of the weights.
        """
        embed = self._embed(t, text.pooled, noise_level)
        keys_values = iter(text.keys_values)
        h = self.conv_in(laid_out(x_t, self.conv_in.out_channels))
        skips = [h]
        if deep is None or deep.h is None:
            h = self._inner(h, embed, keys_values, skips)
        else:
            self.down_blocks[0](h, embed, keys_values, skips, halves=False)
            h = deep.h
        if deep is not None:
            deep.h = h
        h = self.up_blocks[-1](h, embed, keys_values, skips)
        out: Tensor = self.conv_out(gelu_of(self.conv_norm_out(h)))
        return out.contiguous()

    def _inner(self, h: Tensor, embed: Tensor, text: Iterator[KeysValues], skips: list[Tensor]) -> Tensor:
        """All levels but the last on the way up."""
        for level in self.down_blocks:
            h = level(h, embed, text, skips)
        h = self.mid_block(h, embed, text)
        for level in list(self.up_blocks)[:-1]:
            h = level(h, embed, text, skips)
        return h

    def _embed(self, t: Tensor, pooled: Tensor, noise_level: Tensor | None) -> Tensor:
        embed = self.time_embedding(t)
        if noise_level is not None:
            embed = embed + self.class_embedding(noise_level)
        embed = embed + pooled
        return F.gelu(embed) if self.config.activates_embedding else embed

    def _in_running_order(self) -> list[nn.Module]:
        parts = (self.down_blocks, self.mid_block, self.up_blocks)
        return [module for part in parts for module in part.modules()]


def _down_levels(config: UNetConfig) -> nn.ModuleList:
    widths = config.block_out_channels
    return nn.ModuleList(DownLevel(widths[max(i - 1, 0)], i, config) for i in range(len(widths)))


def _up_levels(config: UNetConfig) -> nn.ModuleList:
    """Mirror the way down; each level takes the skips that the way down left, last first."""
    widths, layers = config.block_out_channels, config.layers_per_block
    skips = [widths[0]]
    for level, width in enumerate(widths):
        skips += [width] * (layers[level] + (level < len(widths) - 1))
    levels, c_in = [], widths[-1]
    for level in reversed(range(len(widths))):
        taken = [skips.pop() for _ in range(layers[level] + 1)]
        levels.append(UpLevel(c_in, taken, level, config))
        c_in = widths[level]
    return nn.ModuleList(levels)


def build_on_meta(config: UNetConfig) -> UNet:
    """Build the network without memory for its weights; :mod:`if_graph.models.checkpoint` fills it."""
    with torch.device("meta"):
        return UNet(config).eval()
