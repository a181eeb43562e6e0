"""Matrix products and attention through oneDNN, against torch's own."""

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from if_graph.models import attend as attention
from if_graph.models import products
from if_graph.models.attend import attend
from if_graph.models.products import Conv1x1, Linear, product

HAS_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
LIBRARIES = [
    False,
    pytest.param(True, marks=pytest.mark.skipif(not HAS_ONEDNN, reason="no oneDNN")),
]


@pytest.fixture(params=LIBRARIES, ids=["torch's choice", "oneDNN"])
def uses_onednn(request, monkeypatch):
    """Send products to oneDNN, or not, whatever the processor is."""
    for module in (products, attention):
        monkeypatch.setattr(module, "USES_ONEDNN", request.param)
    return request.param


@pytest.fixture
def calls(monkeypatch):
    """Count what reaches oneDNN."""
    seen = []
    own = torch.ops.mkldnn._linear_pointwise

    def counted(rows, *rest):
        seen.append(tuple(rows.shape))
        return own(rows, *rest)

    monkeypatch.setattr(torch.ops.mkldnn, "_linear_pointwise", counted)
    return seen


@torch.no_grad()
@pytest.mark.parametrize("bias", [None, torch.randn(24)], ids=["plain", "bias"])
def test_a_product_is_that_of_float64(bias, uses_onednn):
    rows, weight = torch.randn(2, 77, 48), torch.randn(24, 48)
    want = F.linear(rows.double(), weight.double(), None if bias is None else bias.double())
    assert_close(product(rows, weight, bias).double(), want, atol=2e-5, rtol=0)


@torch.no_grad()
def test_a_picture_is_the_same_in_any_batch(uses_onednn):
    rows, weight = torch.randn(3, 40, 192), torch.randn(96, 192)
    whole = product(rows, weight)
    assert all(torch.equal(product(rows[i : i + 1], weight), whole[i : i + 1]) for i in range(3))


@torch.no_grad()
def test_products_without_gradients_reach_onednn_where_it_is_used(calls, uses_onednn):
    Linear(48, 24)(torch.randn(2, 5, 48))
    assert calls == ([(2, 5, 48)] if uses_onednn else [])


def test_products_with_gradients_do_not(calls):
    layer = Linear(48, 24)
    layer(torch.randn(2, 5, 48)).sum().backward()
    assert calls == []
    assert layer.weight.grad is not None


@torch.no_grad()
def test_a_single_row_is_left_to_torch(calls):
    product(torch.randn(2, 1, 48), torch.randn(24, 48))
    assert calls == []


@torch.no_grad()
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format], ids=str)
def test_a_1x1_convolution_keeps_numbers_and_layout(layout, uses_onednn):
    conv, x = Conv1x1(48, 32), torch.randn(2, 48, 6, 5).contiguous(memory_format=layout)
    want = F.conv2d(x.double(), conv.weight.double(), conv.bias.double())
    got = conv(x)
    assert_close(got.double(), want, atol=1e-5, rtol=0)
    assert got.is_contiguous(memory_format=layout)


@torch.no_grad()
@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 2e-6), (torch.bfloat16, 6e-3)], ids=str)
def test_blocks_of_queries_attend_as_a_whole(monkeypatch, uses_onednn, dtype, error):
    monkeypatch.setattr(attention, "_AT_ONCE", 1000)  # several blocks, the last one smaller
    q, k, v = (torch.randn(2, 3, length, 16).to(dtype) for length in (300, 333, 333))
    want = F.scaled_dot_product_attention(q.double(), k.double(), v.double())
    got = attend(q, k, v)
    assert got.dtype == dtype
    assert ((got.double() - want).norm() / want.norm()).item() < error


@torch.no_grad()
def test_attention_gives_a_picture_the_same_bits_in_any_batch(uses_onednn):
    q, k, v = (torch.randn(2, 2, length, 32) for length in (256, 333, 333))
    assert torch.equal(attend(q[:1], k[:1], v[:1]), attend(q, k, v)[:1])
