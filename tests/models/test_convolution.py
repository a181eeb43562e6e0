"""Faster ways to convolve and norm give the plain way's numbers, each picture the same in any batch."""

import copy
import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from if_graph.models import convolution, winograd, winograd_rows
from if_graph.models.activations import gelu_of
from if_graph.models.bands import Bands
from if_graph.models.blocks import _add_to_four
from if_graph.models.convolution import Conv3x3, by_columns, normed
from if_graph.models.pixel_norm import PixelNorm
from if_graph.models.products import USES_ONEDNN
from if_graph.models.sizes import SIZES
from if_graph.models.unet import UNet


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def last(x):
    return x.contiguous(memory_format=torch.channels_last)


def error(found, wanted):
    return ((found - wanted).norm() / wanted.norm()).item()


def in_tiles(side):
    return lambda x, *rest: winograd.convolve(Bands(x), *rest, tile=side)


WAYS = [in_tiles(4), in_tiles(2), by_columns]


@pytest.mark.parametrize("changes_library", [False, True])
@pytest.mark.parametrize("way", WAYS, ids=["tiles of 4", "tiles of 2", "columns"])
@pytest.mark.parametrize("sides", [(8, 8), (17, 30), (1, 5)])
@pytest.mark.parametrize(("c_in", "c_out", "has_bias"), [(3, 64, True), (64, 5, False), (48, 50, True)])
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_every_way_convolves(monkeypatch, changes_library, way, sides, c_in, c_out, has_bias, memory):
    for module in (winograd, convolution):
        monkeypatch.setattr(module, "USES_ONEDNN", changes_library != USES_ONEDNN)
    x, weight = random(2, c_in, *sides).to(memory_format=memory), random(c_out, c_in, 3, 3, seed=1)
    bias = random(c_out, seed=2) if has_bias else None
    wanted = F.conv2d(x.double(), weight.double(), None if bias is None else bias.double(), padding=1)
    assert error(way(x, weight, bias), wanted) < 1.5e-6  # torch's own way is within 2e-6


@pytest.mark.parametrize("way", WAYS, ids=["tiles of 4", "tiles of 2", "columns"])
def test_parts_make_the_whole(way, monkeypatch):
    x, weight = random(3, 20, 13, 21), random(24, 20, 3, 3, seed=1)
    wanted = way(x, weight, None)
    for name, size in (("_TILES_AT_ONCE", 2**14), ("_FILTERS_AT_ONCE", 2**12), ("_FILTERS_KEPT", 2**12)):
        monkeypatch.setattr(winograd, name, size)
    assert error(way(x, weight, None), wanted) < 2e-6


@torch.no_grad()
@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 1.5e-6), (torch.bfloat16, 4e-3)], ids=str)
@pytest.mark.parametrize("sides", [(5, 8), (24, 31), (32, 32)])  # small, odd, large
def test_an_enlarged_picture_is_convolved_as_if_it_had_been_made(dtype, most, sides):
    layer, x = Conv3x3(64, 72).to(dtype), last(random(2, 64, *sides)).to(dtype)
    wide = F.interpolate(x.double(), scale_factor=2.0, mode="nearest")
    wanted = F.conv2d(wide, layer.weight.double(), layer.bias.double(), padding=1)
    assert error(layer(Bands(x, times=2)), wanted) < most


@torch.no_grad()
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("is_scaled", [True, False])
def test_a_normed_picture_is_convolved_as_if_it_had_been_made(monkeypatch, times, is_scaled):
    monkeypatch.setattr(winograd, "_TILES_AT_ONCE", 2**17)  # several bands
    layer, norm, x = Conv3x3(64, 64), PixelNorm(8, 64), last(3 + random(3, 64, 41, 52))
    affine = (random(3, 64, seed=1), random(3, 64, seed=2)) if is_scaled else ()
    wide = F.interpolate(F.gelu(norm(x, *affine)), scale_factor=float(times), mode="nearest")
    wanted = F.conv2d(wide.double(), layer.weight.double(), layer.bias.double(), padding=1)
    assert error(normed(layer, x, norm, gelu_of, *affine, times=times), wanted) < 1.5e-6
    alone = normed(layer, last(x[1:2]), norm, gelu_of, *(part[1:2] for part in affine), times=times)
    assert torch.equal(alone, normed(layer, x, norm, gelu_of, *affine, times=times)[1:2])


@torch.no_grad()
def test_what_a_convolution_sees_never_lies_in_memory_whole(monkeypatch):
    layer, norm, x = Conv3x3(64, 64), PixelNorm(8, 64), last(random(1, 64, 64, 64))
    seen, true_bordered = [], Bands.bordered
    monkeypatch.setattr(Bands, "bordered", lambda *a: seen.append(math.prod(a[3])) or true_bordered(*a))
    monkeypatch.setattr(winograd, "_TILES_AT_ONCE", 2**17)
    normed(layer, x, norm, gelu_of)
    assert len(seen) > 4
    assert max(seen) < x.numel() / 4


@torch.no_grad()
@pytest.mark.parametrize("sides", [(8, 8), (17, 30), (1, 5)])
@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_bfloat16_goes_along_rows_with_half_the_products(sides, has_bias, memory):
    x, weight = random(3, 48, *sides).to(torch.bfloat16, memory_format=memory), random(40, 48, 3, 3, seed=1)
    weight, bias = weight.bfloat16(), random(40, seed=2).bfloat16() if has_bias else None
    wanted = F.conv2d(x.double(), weight.double(), None if bias is None else bias.double(), padding=1)
    found = winograd_rows.convolve(Bands(x), weight, bias)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert error(found, wanted) < 8e-3  # 4e-3 where products sum in float32; torch's own rounding is 2e-3


@torch.no_grad()
@pytest.mark.parametrize("most", [2**12, 2**15])  # some rows of a picture, two whole pictures of three
def test_rows_in_parts_make_the_whole(monkeypatch, most):
    x, weight = last(random(3, 20, 13, 21)).bfloat16(), random(24, 20, 3, 3, seed=1).bfloat16()
    wanted, true_multiply, parts = winograd_rows.convolve(Bands(x), weight), winograd_rows._multiply, []
    monkeypatch.setattr(winograd_rows, "_POINTS_AT_ONCE", (most, most))
    monkeypatch.setattr(winograd_rows, "_FILTERS_AT_ONCE", 2**9)
    monkeypatch.setattr(winograd_rows, "_multiply", lambda *a: parts.append(a) or true_multiply(*a))
    assert error(winograd_rows.convolve(Bands(x), weight), wanted) < 2e-3
    assert len(parts) == (2 if most == 2**15 else 12)


@torch.no_grad()
@pytest.mark.parametrize(
    ("c_in", "c_out", "side", "pays"),
    [(160, 160, 64, True), (384, 384, 32, True), (160, 160, 32, False), (64, 160, 64, False)],
)
def test_wide_layers_in_bfloat16_go_along_rows_where_products_are_dear(monkeypatch, c_in, c_out, side, pays):
    layer, x = Conv3x3(c_in, c_out).bfloat16(), last(random(1, c_in, side, side)).bfloat16()
    plain, true_way, calls = F.conv2d(x, layer.weight, layer.bias, padding=1), winograd_rows.convolve, []
    monkeypatch.setattr(winograd_rows, "convolve", lambda *a: calls.append(a) or true_way(*a))
    for is_dear in (False, True):
        monkeypatch.setattr(convolution, "MULTIPLIES_SHORT", is_dear)
        assert error(layer(x), plain) < 8e-3
        assert bool(calls) is (is_dear and pays)


@torch.no_grad()
@pytest.mark.parametrize("is_scaled", [True, False])
def test_in_bfloat16_a_normed_picture_goes_along_rows_as_if_it_had_been_made(monkeypatch, is_scaled):
    for name, value in (("MULTIPLIES_SHORT", True), ("_LEAST_SHORT", 64), ("_LARGE", 1)):
        monkeypatch.setattr(convolution, name, value)
    monkeypatch.setattr(winograd_rows, "_POINTS_AT_ONCE", (2**17, 2**17))  # several bands
    layer, norm, x = Conv3x3(64, 64).bfloat16(), PixelNorm(8, 64), last(3 + random(3, 64, 41, 52)).bfloat16()
    torch.nn.init.normal_(norm.weight), torch.nn.init.normal_(norm.bias)
    norm.bfloat16()
    affine = tuple(random(3, 64, seed=seed).bfloat16() for seed in (1, 2)) if is_scaled else ()
    true = F.group_norm(x.double(), 8, norm.weight.double(), norm.bias.double())
    if is_scaled:
        scale, shift = (part.double()[:, :, None, None] for part in affine)
        true = true * (1 + scale) + shift
    wanted = F.conv2d(F.gelu(true), layer.weight.double(), layer.bias.double(), padding=1)
    found = normed(layer, x, norm, gelu_of, *affine)
    assert layer.takes_bands(x)
    assert error(found, wanted) < 8e-3
    alone = normed(layer, last(x[1:2]), norm, gelu_of, *(part[1:2] for part in affine))
    assert torch.equal(alone, found[1:2])


def test_bands_that_nobody_would_norm_are_refused():
    x = last(random(1, 8, 4, 4))
    with pytest.raises(ValueError, match="band by band"):
        Conv3x3(8, 8)(Bands(x, activate=gelu_of))


@torch.no_grad()
def test_a_picture_enlarged_is_added_to_another_in_place():
    x, fresh = last(random(2, 8, 5, 7)), last(random(2, 8, 10, 14, seed=1))
    wanted = F.interpolate(x, scale_factor=2.0, mode="nearest") + fresh
    assert torch.equal(_add_to_four(x, fresh), wanted)
    assert torch.equal(fresh, wanted)


LAYERS = [(64, 96, 32), (96, 64, 67), (352, 384, 16), (352, 384, 7)]  # large, odd, middling, small pictures


@torch.no_grad()
@pytest.mark.parametrize(("c_in", "c_out", "side"), LAYERS)
def test_a_picture_is_the_same_in_any_batch(c_in, c_out, side):
    layer, x = Conv3x3(c_in, c_out), last(random(3, c_in, side, side))
    assert torch.equal(layer(x)[1:2], layer(last(x[1:2])))


@pytest.mark.parametrize(("c_in", "c_out", "side"), LAYERS)
def test_gradients_and_bfloat16_take_the_plain_way(c_in, c_out, side, monkeypatch):
    layer, x = Conv3x3(c_in, c_out), last(random(2, c_in, side, side))
    with torch.no_grad():
        fast = layer(x)
    assert fast.is_contiguous(memory_format=torch.channels_last)
    for module, name in ((winograd, "convolve"), (torch, "baddbmm")):
        monkeypatch.setattr(module, name, None)
    plain = layer(x)
    assert torch.equal(plain, F.conv2d(x, layer.weight, layer.bias, padding=1))
    assert error(fast, plain) < 5e-6
    with torch.no_grad():
        assert layer.bfloat16()(x.bfloat16()).dtype == torch.bfloat16


def test_a_wide_network_is_as_near_the_truth_as_on_the_plain_way():
    """Without gradients it takes every faster way; with them none."""
    config = replace(
        SIZES["IF-I-M"],
        block_out_channels=(64, 352),
        layers_per_block=(1, 1),
        level_has_attention=(False, True),
        cross_attention_dim=64,
        time_embedding_dim=64,
        encoder_hid_dim=64,
        pool_heads=4,
        attention_head_dim=32,
    )
    torch.manual_seed(0)
    unet, x_t, t, states = UNet(config).eval(), random(2, 3, 32, 32), torch.tensor([5, 900]), random(2, 7, 64)
    plain = unet(x_t, t, unet.read_text(states))
    with torch.no_grad():
        fast = unet(x_t, t, unet.read_text(states))
        exact = copy.deepcopy(unet).double()
        truth = exact(x_t.double(), t, exact.read_text(states.double()))
    assert fast.is_contiguous()
    assert error(fast, truth) < max(2 * error(plain, truth), 1e-6)


@pytest.mark.parametrize(
    ("c_out", "most", "wanted"), [(384, 151, 128), (768, 75, 80), (50, 7, 16), (5, 900, 5), (192, 0, 16)]
)
def test_filters_are_carried_in_parts_alike_of_whole_vectors(c_out, most, wanted):
    assert winograd._evenly(c_out, most) == wanted


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("sides", [(4, 5), (30, 40)])  # below and above what the other kernel is for
def test_gelu_keeps_numbers_and_layout_with_and_without_gradients(dtype, memory, sides):
    x = random(2, 48, *sides).to(dtype, memory_format=memory)
    with torch.no_grad():
        found = gelu_of(x.clone(memory_format=memory))
    assert found.is_contiguous(memory_format=memory)
    assert error(found.double(), F.gelu(x.double())) < (1e-6 if dtype == torch.float32 else 4e-3)
    assert torch.equal(found, gelu_of(x.clone(memory_format=memory)))


def test_layers_draw_first_values_but_for_the_meta_device():
    state = torch.get_rng_state()
    with torch.device("meta"):
        assert Conv3x3(4, 4).weight.is_meta
    assert torch.equal(torch.get_rng_state(), state)
    assert Conv3x3(4, 4).weight.std() > 0
