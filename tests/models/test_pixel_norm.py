"""The norm of large pictures is as accurate in one memory format as in the other."""

import pytest
import torch
import torch.nn.functional as F

from if_graph.models.layers import PixelNorm


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("groups", [1, 4])
def test_a_large_picture_is_normed_to_float32_accuracy(memory, groups):
    x = torch.randn(1, 8, 640, 640, generator=torch.Generator().manual_seed(0))
    wanted = F.group_norm(x.double(), groups, eps=1e-5)
    found = PixelNorm(groups, 8)(x.to(memory_format=memory))
    assert found.is_contiguous(memory_format=memory)
    assert (found - wanted).abs().max() < 5e-6
