"""Pixels attend to text and to each other."""

import torch
from torch import Tensor, nn

from if_graph.models.attend import attend
from if_graph.models.config import UNetConfig
from if_graph.models.memory_layout import is_short
from if_graph.models.pixel_norm import PixelNorm, sums_rows
from if_graph.models.products import Linear

KeysValues = tuple[Tensor, Tensor]
"""Keys and values of the text for one attention layer, each [B, N, L, d]; they do not depend on t."""


class TextAttention(nn.Module):
    """Residual attention over [text ; pixels], text first (state-dict keys as published)."""

    def __init__(self, channels: int, config: UNetConfig) -> None:
        super().__init__()
        context = config.cross_attention_dim
        self.head_dim = config.attention_head_dim
        self.group_norm = PixelNorm(config.norm_num_groups, channels, eps=config.norm_eps)
        self.norm_cross = nn.GroupNorm(config.context_norm_groups, context, eps=1e-5)
        self.to_q = Linear(channels, channels)
        if not config.only_cross_attention:
            self.to_k = Linear(channels, channels)
            self.to_v = Linear(channels, channels)
        self.add_k_proj = Linear(context, channels)
        self.add_v_proj = Linear(context, channels)
        self.to_out = nn.ModuleList([Linear(channels, channels)])
        self.sees_pixels = not config.only_cross_attention

    def read_text(self, context: Tensor) -> KeysValues:
        """Turn projected text [B, L, D] into this layer's keys and values."""
        normed = self.norm_cross(context.transpose(1, 2)).transpose(1, 2)
        return self._split(self.add_k_proj(normed)), self._split(self.add_v_proj(normed))

    def forward(self, x: Tensor, text: KeysValues) -> Tensor:
        """Map x [B, C, H, W] to the same shape."""
        normed = self.group_norm(x if sums_rows(x) or is_short(x) else x.contiguous())
        hidden = normed.flatten(2).transpose(1, 2)  # [B, H*W, C]
        keys, values = text
        if self.sees_pixels:
            keys = torch.cat([keys, self._split(self.to_k(hidden))], dim=2)
            values = torch.cat([values, self._split(self.to_v(hidden))], dim=2)
        out = attend(self._split(self.to_q(hidden)), keys, values)
        # token-major first: the sum is then laid out channels-last, as in the peers, and their kernels follow
        hidden = self.to_out[0](out.transpose(1, 2).flatten(2))
        summed: Tensor = hidden.transpose(1, 2).reshape(x.shape) + x
        return summed

    def _split(self, tokens: Tensor) -> Tensor:
        batch, length, width = tokens.shape
        heads = tokens.view(batch, length, width // self.head_dim, self.head_dim)
        return heads.transpose(1, 2)  # [B, N, L, d]
