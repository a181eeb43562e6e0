"""The norm of large pictures is as accurate in one memory format as in the other."""

import pytest
import torch
import torch.nn.functional as F

from if_graph.models.pixel_norm import PixelNorm


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("groups", [1, 4])
def test_a_large_picture_is_normed_to_float32_accuracy(memory, groups):
    x = torch.randn(1, 8, 640, 640, generator=torch.Generator().manual_seed(0))
    wanted = F.group_norm(x.double(), groups, eps=1e-5)
    found = PixelNorm(groups, 8)(x.to(memory_format=memory))
    assert found.is_contiguous(memory_format=memory)
    assert (found - wanted).abs().max() < 5e-6


@torch.no_grad()
@pytest.mark.parametrize(("channels", "side"), [(8, 640), (64, 32), (192, 33), (16, 8)])
@pytest.mark.parametrize("middle", [0, 30])
def test_channels_last_pictures_are_normed_as_well_without_gradients(channels, side, middle):
    x = middle + torch.randn(2, channels, side, side, generator=torch.Generator().manual_seed(0))
    norm, last = PixelNorm(4, channels), x.contiguous(memory_format=torch.channels_last)
    torch.nn.init.normal_(norm.weight), torch.nn.init.normal_(norm.bias)
    wanted = F.group_norm(x.double(), 4, norm.weight.double(), norm.bias.double())
    found = norm(last)
    assert found.is_contiguous(memory_format=torch.channels_last)
    if channels * side**2 > 2**15:  # below, torch's own sums are taken
        assert (found - wanted).norm() < (1e-6 if middle else 2e-7) * 8 * wanted.norm()
    alone = norm(last[1:].contiguous(memory_format=torch.channels_last))
    assert torch.equal(found[1:], alone)
