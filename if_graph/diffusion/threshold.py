"""Bring an x_0 estimate back into range."""

import torch
from torch import Tensor

from if_graph.errors import InputError


def dynamic_threshold(x_0: Tensor, percentile: float = 0.95, ceiling: float = 1.5) -> Tensor:
    """Bring pixels that strong guidance pushed out of range back into [-1, 1], image by image.

    Args:
        x_0: predicted clean pixels, [B, 3, H, W], any range.
        percentile: share of pixels left unclipped, in (0, 1].
        ceiling: largest divisor, at least 1; higher keeps contrast, lower keeps brightness.

    Raises:
        InputError: if ``percentile`` or ``ceiling`` is out of range.

    Source: Saharia et al. 2022, section 2.3 (arXiv:2205.11487); ceiling: ``sample_max_value``.
    """
    if not 0 < percentile <= 1:
        raise InputError(f"percentile must be in (0, 1], got {percentile}")
    if ceiling < 1:
        raise InputError(f"threshold ceiling must be at least 1, got {ceiling}")
    if ceiling == 1:
        return x_0.clamp(-1, 1)  # the quantile cannot act
    rows = x_0.float().abs().flatten(1)
    limit = torch.stack([_quantile(row, percentile) for row in rows]).clamp(1.0, ceiling)
    limit = limit.to(x_0.dtype)[:, None, None, None]  # [B, 1, 1, 1]
    return x_0.clamp(-limit, limit) / limit


def _quantile(values: Tensor, share: float) -> Tensor:
    """Return what ``torch.quantile`` does of [N] float32, bit for bit, without sorting them."""
    rank = torch.tensor(share, dtype=torch.float32) * (len(values) - 1)
    below, above = (values.kthvalue(int(place) + 1).values for place in (rank.floor(), rank.ceil()))
    return torch.lerp(below, above, (rank - rank.floor()).to(values.device))
