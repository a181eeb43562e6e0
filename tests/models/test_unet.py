"""The network against the reference's golden numbers and published key lists."""

from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from if_graph.models.config import config_from_json, config_to_json
from if_graph.models.sizes import SIZES
from if_graph.models.unet import build_on_meta

KEYS = Path(__file__).parents[1] / "golden" / "keys"


# 1e-5: the golden numbers carry six digits, and kernels differ between machines in the last
@torch.no_grad()
def test_stage_1_network_gives_the_golden_numbers(tiny_unet, wave):
    text = tiny_unet.read_text(wave(2, 7, 48, f=0.11, p=0.5))
    out = tiny_unet(wave(2, 3, 16, 16), torch.tensor([500, 3]), text)
    golden = torch.tensor([-0.182124, 0.188736, 0.405121, 0.56397, 0.456809, 0.094092])
    assert_close(out.flatten()[:6], golden, atol=1e-5, rtol=0)
    assert out.mean().item() == pytest.approx(-0.0217740, abs=1e-5)
    assert out.std().item() == pytest.approx(1.0222777, abs=1e-5)


@torch.no_grad()
def test_super_resolution_network_gives_the_golden_numbers(tiny_super_res, wave):
    text = tiny_super_res.read_text(wave(2, 7, 48, f=0.11, p=0.5))
    out = tiny_super_res(wave(2, 6, 16, 16), torch.tensor([500, 3]), text, torch.tensor([250, 0]))
    golden = torch.tensor([0.770303, 1.125724, 1.167848, 0.914674, 0.554114, 0.238263])
    assert_close(out.flatten()[:6], golden, atol=1e-5, rtol=0)
    assert_close(out.flatten()[-3:], torch.tensor([3.313202, 2.718013, 1.873634]), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("size", "count"), [("IF-I-XL", 4_304_695_110), ("IF-II-L", 1_243_277_190)])
def test_published_layouts_have_the_published_keys_shapes_and_parameters(size, count):
    rows = (KEYS / f"keys_{size.removeprefix('IF-')}.txt").read_text().splitlines()
    published = dict(row.split("\t") for row in rows)
    unet = build_on_meta(SIZES[size])
    assert {name: str(tuple(value.shape)) for name, value in unet.state_dict().items()} == published
    assert sum(p.numel() for p in unet.parameters()) == count


@pytest.mark.parametrize("size", SIZES)
def test_a_config_survives_writing_and_reading(size):
    assert config_from_json(config_to_json(SIZES[size])) == SIZES[size]


def test_text_features_do_not_depend_on_the_rest_of_the_batch(tiny_unet, wave):
    states = wave(2, 7, 48, f=0.11, p=0.5)
    both, first = tiny_unet.read_text(states), tiny_unet.read_text(states[:1])
    assert_close(both.pooled[:1], first.pooled)
    assert_close(both.keys_values[0][0][:1], first.keys_values[0][0])
