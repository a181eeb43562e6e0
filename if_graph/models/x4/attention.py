"""Attention of the upscaler: pixels read text or each other."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from if_graph.models.attend import attend as kernel
from if_graph.models.pixel_norm import PixelNorm
from if_graph.models.products import Linear

MAX_SCORES = 2**27
"""Scores held at once (512 MiB in float32) by a kernel that keeps them; bounds the memory of attention."""


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Attend from q [B, L, C] to k and v [B, M, C] in slices of q small enough for ``MAX_SCORES``."""
    q, k, v = (x.reshape(*x.shape[:2], heads, -1).transpose(1, 2) for x in (q, k, v))  # [B, N, L, d]
    rows = max(MAX_SCORES // (k.shape[0] * heads * k.shape[2]), 1)
    parts = [kernel(part, k, v) for part in torch.split(q, rows, dim=2)]
    return torch.cat(parts, dim=2).transpose(1, 2).flatten(2)


class Attention(nn.Module):
    """Queries from one sequence, keys and values from another."""

    def __init__(self, width: int, context_width: int, heads: int, has_bias: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = Linear(width, width, bias=has_bias)
        self.to_k = Linear(context_width, width, bias=has_bias)
        self.to_v = Linear(context_width, width, bias=has_bias)
        self.to_out = nn.ModuleList([Linear(width, width)])

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Map x [B, L, C] and context [B, M, D] to [B, L, C]."""
        out: Tensor = self.to_out[0](attend(self.to_q(x), self.to_k(context), self.to_v(context), self.heads))
        return out


class GatedLinear(nn.Module):
    """GEGLU: one half of a projection, gated by the other."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.proj = Linear(width, 2 * hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Map x [B, L, C] to [B, L, hidden]."""
        value, gate = self.proj(x).chunk(2, dim=-1)
        gated: Tensor = value * F.gelu(gate)
        return gated


class FeedForward(nn.Module):
    """Two linears, four times as wide between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # the published numbering counts a dropout between the two
        self.net = nn.ModuleList([GatedLinear(width, 4 * width), nn.Identity(), Linear(4 * width, width)])

    def forward(self, x: Tensor) -> Tensor:
        """Map x [B, L, C] to the same shape."""
        out: Tensor = self.net[2](self.net[0](x))
        return out


class TransformerBlock(nn.Module):
    """Attention twice, then a feed-forward; the second attention always reads text."""

    def __init__(self, width: int, context_width: int, heads: int, reads_only_text: bool) -> None:
        super().__init__()
        self.reads_only_text = reads_only_text
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.attn1 = Attention(width, context_width if reads_only_text else width, heads)
        self.attn2 = Attention(width, context_width, heads)
        self.ff = FeedForward(width)

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        """Map x [B, L, C] and text [B, M, D] to [B, L, C]."""
        normed = self.norm1(x)
        x = x + self.attn1(normed, text if self.reads_only_text else normed)
        x = x + self.attn2(self.norm2(x), text)
        out: Tensor = x + self.ff(self.norm3(x))
        return out


class PixelTransformer(nn.Module):
    """A transformer block over the pixels of a feature map."""

    def __init__(
        self, channels: int, context_width: int, heads: int, reads_only_text: bool, groups: int
    ) -> None:
        super().__init__()
        self.norm = PixelNorm(groups, channels, eps=1e-6)
        self.proj_in = Linear(channels, channels)
        self.transformer_blocks = nn.ModuleList(
            [TransformerBlock(channels, context_width, heads, reads_only_text)]
        )
        self.proj_out = Linear(channels, channels)

    def forward(self, h: Tensor, text: Tensor) -> Tensor:
        """Map h [B, C, H, W] and text [B, M, D] to [B, C, H, W]."""
        tokens = self.proj_in(self.norm(h).flatten(2).transpose(1, 2))  # [B, H*W, C]
        tokens = self.proj_out(self.transformer_blocks[0](tokens, text))
        out: Tensor = tokens.transpose(1, 2).reshape(h.shape) + h
        return out
