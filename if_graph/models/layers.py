"""The small parts every network shares: timestep embedding and text pooling."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def sinusoid(t: Tensor, width: int) -> Tensor:
    """Embed timesteps or noise levels t [B] as [cos | sin] waves [B, width], float32.

    Source: checkpoint fields ``flip_sin_to_cos`` true and ``freq_shift`` 0; periods up to 10000.
    """
    half = width // 2
    exponent = -math.log(10000) * torch.arange(half, dtype=torch.float32, device=t.device) / half
    angles = t.float()[:, None] * torch.exp(exponent)[None]
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class ScalarEmbedding(nn.Module):
    """Two linears on a sinusoid: [B, width] -> [B, embed_dim]; GELU between them in the IF networks."""

    def __init__(self, width: int, embed_dim: int, activation: Callable[[Tensor], Tensor] = F.gelu) -> None:
        super().__init__()
        self.width, self.activation = width, activation
        self.linear_1 = nn.Linear(width, embed_dim)
        self.linear_2 = nn.Linear(embed_dim, embed_dim)

    def forward(self, t: Tensor) -> Tensor:
        """Map integers t [B] to [B, embed_dim]."""
        wave = sinusoid(t, self.width).to(self.linear_1.weight.dtype)
        embed: Tensor = self.linear_2(self.activation(self.linear_1(wave)))
        return embed


class AttentionPool(nn.Module):
    """One learned query reads all text states: [B, L, E] -> [B, E]; there is no output projection."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(torch.randn(1, dim) / dim**0.5)
        self.k_proj = nn.Linear(dim, dim)
        self.q_proj = nn.Linear(dim, dim)
        self.v_proj = nn.Linear(dim, dim)

    def forward(self, states: Tensor) -> Tensor:
        """Pool states [B, L, E] to [B, E]."""
        token = states.mean(dim=1, keepdim=True) + self.positional_embedding  # [B, 1, E]
        tokens = torch.cat([token, states], dim=1)
        scale = (states.shape[2] // self.heads) ** -0.25  # on q and on k, before they meet, as published
        q, k = self._split(self.q_proj(token)) * scale, self._split(self.k_proj(tokens)) * scale
        weights = torch.softmax((q.transpose(1, 2) @ k).float(), dim=-1).to(q.dtype)  # [B*N, 1, L+1]
        pooled = self._split(self.v_proj(tokens)) @ weights.transpose(1, 2)  # [B*N, d, 1]
        return pooled.reshape(len(states), -1)

    def _split(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2).reshape(len(x) * self.heads, -1, x.shape[1])  # [B*N, d, L]


class PooledText(nn.Module):
    """The text's share of the timestep embedding, from raw encoder states (key prefix ``add_embedding``)."""

    def __init__(self, encoder_dim: int, embed_dim: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(encoder_dim)
        self.pool = AttentionPool(encoder_dim, heads)
        self.proj = nn.Linear(encoder_dim, embed_dim)
        self.norm2 = nn.LayerNorm(embed_dim)

    def forward(self, states: Tensor) -> Tensor:
        """Map states [B, L, encoder_dim] to [B, embed_dim]."""
        pooled: Tensor = self.norm2(self.proj(self.pool(self.norm1(states))))
        return pooled
