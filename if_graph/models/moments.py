"""Mean and variance of every channel of channels-last pictures, by sums that stay accurate in large ones."""

import torch
from torch import Tensor

_AT_ONCE = 2**17  # values of a picture that are read twice while they are in the processor's cache


def moments(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance of every channel of [B, P, C], each [B, C] in float64.

    Large pictures are summed one by one and part by part, so that a picture is the same in any batch.
    """
    count, pixels, channels = rows.shape
    if count > 1 and pixels * channels > _AT_ONCE:
        each = [moments(rows[i : i + 1]) for i in range(count)]
        return torch.cat([mean for mean, _ in each]), torch.cat([variance for _, variance in each])
    parts = torch.split(rows, max(1, _AT_ONCE // channels), dim=1)
    # near the mean, so that large squares do not drown their difference
    shift = parts[0].mean(1, keepdim=True)
    once, twice = torch.stack([_sums(part - shift) for part in parts]).double().sum(0) / pixels
    return once + shift[:, 0], twice - once.square()


def _sums(fresh: Tensor) -> Tensor:
    """Sum values and squares over pixels: [B, P, C] -> [2, B, C]; overwrites them."""
    once = fresh.sum(1)
    return torch.stack([once, fresh.square_().sum(1)])


def moments_of_short(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance of every channel of bfloat16 pictures [B, C, H, W], each [B, C] in float32.

    torch's sums are off by 5e-5 there, a fortieth of what bfloat16 rounds by.
    """
    start = x.new_zeros(x.shape[1], dtype=torch.float32), x.new_ones(x.shape[1], dtype=torch.float32)
    each = [torch.batch_norm_update_stats(one, *start, 0.0) for one in torch.split(x, 1)]
    return torch.stack([mean for mean, _ in each]), torch.stack([variance for _, variance in each])
