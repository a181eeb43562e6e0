"""Economies of a stage: features kept from one step to the next, and a compiled network."""

import shutil
from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from if_graph.cascade.experts import split
from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.stage import with_economy
from if_graph.errors import InputError
from if_graph.models.config import config_from_json
from if_graph.models.unet import DeepFeatures, UNet

SIX = SamplingPlan(steps=6)


@pytest.fixture
def middles(stage_1):
    """Count the evaluations of the network's middle."""
    seen = []
    stage_1.unet.mid_block.register_forward_hook(lambda *_: seen.append(1))
    return seen


@pytest.mark.parametrize(("every", "computed"), [(1, 6), (2, 3), (4, 2), (6, 1)])
def test_inner_levels_are_computed_at_every_nth_step(stage_1, make_request, paint, middles, every, computed):
    paint(with_economy(stage_1, every=every), make_request(plan=SIX))
    assert len(middles) == computed


def test_each_run_computes_its_own(stage_1, make_request, paint, middles):
    stage = with_economy(stage_1, every=6)
    first, second = (paint(stage, make_request(plan=SIX)) for _ in range(2))
    assert len(middles) == 2
    assert torch.equal(first, second)


def test_what_is_kept_changes_the_picture_and_nothing_kept_does_not(stage_1, make_request, paint):
    plain = paint(stage_1, make_request(plan=SIX))
    assert torch.equal(paint(with_economy(stage_1, every=1), make_request(plan=SIX)), plain)
    assert not torch.equal(paint(with_economy(stage_1, every=2), make_request(plan=SIX)), plain)


@torch.no_grad()
def test_kept_features_of_the_same_input_give_the_same_answer(tiny_unet, wave):
    x, t = wave(1, 3, 16, 16), torch.tensor([500])
    text, deep = tiny_unet.read_text(wave(1, 7, 48)), DeepFeatures()
    first, again = (tiny_unet(x, t, text, None, deep) for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(first, tiny_unet(x, t, text))


def test_an_expert_keeps_what_its_early_network_was_told(stage_1):
    assert split(with_economy(stage_1, every=3), stage_1, 500).economy.every == 3


def test_numbers_below_one_are_refused(stage_1):
    with pytest.raises(InputError, match=r"reuse is every 0 steps, expected 1 \(never\) or more"):
        with_economy(stage_1, every=0)


def test_networks_with_attention_in_the_first_level_are_refused(stage_1, tiny_json):
    levels = len(tiny_json["block_out_channels"])
    fields = {
        "down_block_types": ["SimpleCrossAttnDownBlock2D"] * levels,
        "up_block_types": ["SimpleCrossAttnUpBlock2D"] * levels,
    }
    unet = UNet(config_from_json(tiny_json | fields))
    with pytest.raises(InputError, match="attention in its first level"):
        with_economy(replace(stage_1, unet=unet), every=2)


def test_an_unknown_compile_mode_is_refused(stage_1):
    with pytest.raises(InputError, match="compile mode is 'fast', expected one of default, reduce-overhead"):
        with_economy(stage_1, compile_mode="fast")


def test_a_network_is_compiled_once_a_run_in_the_mode_asked_for(stage_1, make_request, paint, monkeypatch):
    asked = []
    monkeypatch.setattr(torch, "compile", lambda run, mode: asked.append(mode) or run)
    plain = paint(stage_1, make_request(plan=SIX))
    stage = with_economy(stage_1, compile_mode="reduce-overhead")
    assert torch.equal(paint(stage, make_request(plan=SIX)), plain)
    assert asked == ["reduce-overhead"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch, in its own compiler
@pytest.mark.skipif(shutil.which("g++") is None, reason="compiling needs g++")
def test_a_compiled_network_paints_the_same_picture(stage_1, make_request, paint):
    plain = paint(stage_1, make_request(plan=SIX))
    compiled = paint(with_economy(stage_1, compile_mode="default"), make_request(plan=SIX))
    assert_close(compiled, plain, atol=1e-3, rtol=0)
