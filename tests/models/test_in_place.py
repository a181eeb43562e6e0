"""Without gradients the network computes over what it no longer needs, and nobody can tell."""

import copy

import pytest
import torch


def inputs(wave, channels, requires_grad=False):
    x_t = wave(2, channels, 16, 16).requires_grad_(requires_grad)
    return x_t, torch.tensor([500, 3]), torch.tensor([250, 0]) if channels == 6 else None


@pytest.fixture(params=["tiny_unet", "tiny_super_res"])
def unet(request):
    return request.getfixturevalue(request.param)


def test_the_same_bits_come_out_with_and_without_gradients(unet, wave):
    x_t, t, level = inputs(wave, unet.config.in_channels)
    text = unet.read_text(wave(2, 7, 48, f=0.11))
    with torch.no_grad():
        in_place = unet(x_t, t, text, level)
    assert torch.equal(in_place, unet(x_t, t, text, level))


@torch.no_grad()
def test_pixels_text_and_weights_stay_as_they_were(unet, wave):
    x_t, t, level = inputs(wave, unet.config.in_channels)
    text = unet.read_text(wave(2, 7, 48, f=0.11))
    before = copy.deepcopy((x_t, text.pooled, text.keys_values, unet.state_dict()))
    first = unet(x_t, t, text, level)
    assert torch.equal(unet(x_t, t, text, level), first)
    after = x_t, text.pooled, text.keys_values, unet.state_dict()
    torch.testing.assert_close(after, before, rtol=0, atol=0)


def test_gradients_reach_the_pixels(unet, wave):
    x_t, t, level = inputs(wave, unet.config.in_channels, requires_grad=True)
    unet(x_t, t, unet.read_text(wave(2, 7, 48, f=0.11)), level).sum().backward()
    assert x_t.grad.abs().sum() > 0


@torch.no_grad()
@pytest.mark.parametrize("rows", [1, 3])
def test_bfloat16_stays_near_float32(unet, wave, rows):
    x_t, t, level = (part if part is None else part[:1].repeat_interleave(rows, 0) for part in
                     inputs(wave, unet.config.in_channels))  # fmt: skip
    states = wave(rows, 7, 48, f=0.11)
    exact = unet(x_t, t, unet.read_text(states), level)
    half = copy.deepcopy(unet).bfloat16()
    rough = half(x_t.bfloat16(), t, half.read_text(states.bfloat16()), level)
    # bfloat16 keeps 8 bits, 0.4 %, and a dozen layers add theirs up
    assert (rough.float() - exact).norm() < 0.05 * exact.norm()
