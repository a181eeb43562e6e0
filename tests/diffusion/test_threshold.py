"""The quantile of dynamic thresholding is torch's own, found without sorting."""

import pytest
import torch

from if_graph.diffusion.threshold import dynamic_threshold


@pytest.mark.parametrize("share", [0.001, 0.5, 0.95, 0.995, 1.0])
@pytest.mark.parametrize("sides", [(1, 1), (16, 22), (64, 64)])
def test_the_limit_is_torchs_quantile_bit_for_bit(share, sides):
    x_0 = 3 * torch.randn(2, 3, *sides, generator=torch.Generator().manual_seed(1))
    limits = torch.quantile(x_0.abs().flatten(1), share, dim=1).clamp(1, 100)[:, None, None, None]
    assert torch.equal(dynamic_threshold(x_0, share, 100.0), x_0.clamp(-limits, limits) / limits)
