"""Options of guidance, and two networks that share a stage's timesteps."""

import pytest
import torch
from torch.testing import assert_close

from if_graph.cascade.experts import split
from if_graph.cascade.guidance import Guidance
from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.stage import Stage
from if_graph.diffusion.guidance import guide
from if_graph.diffusion.schedule import Diffusion
from if_graph.errors import InputError
from if_graph.models.placement import place
from if_graph.models.unet import UNet

FEW = SamplingPlan(steps=4)
TOLERANCE = 3e-4  # as in test_stage.py


@pytest.fixture
def other(make_request, wave):
    """Embeddings of another prompt."""
    known = make_request().positive
    return type(known)(wave(1, 7, 48, f=0.23, p=0.1), known.mask, known.prompts)


def batches(stage):
    """Record how many rows each call of a network has."""
    rows = []
    stage.unet.register_forward_pre_hook(lambda _, inputs: rows.append(len(inputs[0])))
    return rows


def test_options_left_alone_change_no_bit(stage_1, make_request, paint):
    plain = paint(stage_1, make_request(plan=FEW))
    assert torch.equal(paint(stage_1, make_request(plan=FEW, guidance=Guidance())), plain)


def test_style_goes_the_pooled_way_and_the_prompt_to_attention(stage_1, make_request, paint, other):
    seen = {}
    for name in ("add_embedding", "encoder_hid_proj"):
        module = getattr(stage_1.unet, name)
        module.register_forward_pre_hook(lambda _, inputs, name=name: seen.update({name: inputs[0]}))
    request = make_request(plan=FEW, guidance=Guidance(style=other))
    paint(stage_1, request)
    negative, positive = request.negative.states, request.positive.states
    assert torch.equal(seen["add_embedding"], torch.cat([negative, other.states]))
    assert torch.equal(seen["encoder_hid_proj"], torch.cat([negative, positive]))


def test_a_second_prompt_is_guided_towards():
    parts = torch.randn(6, 6, 4, 4)
    uncond, cond, second = parts[:, :3].chunk(3)
    wanted = uncond + 5.0 * (0.75 * cond + 0.25 * second - uncond)
    assert_close(guide(parts, 5.0, 3, positive_mixer=0.25)[:, :3], wanted)
    assert torch.equal(guide(parts, 5.0, 3, positive_mixer=0.25)[:, 3:], parts[2:4, 3:])


def test_a_second_prompt_takes_a_third_of_the_rows(stage_1, make_request, paint, other):
    rows = batches(stage_1)
    mixed = Guidance(mix=other, positive_mixer=0.3)
    assert not torch.equal(
        paint(stage_1, make_request(plan=FEW, guidance=mixed)), paint(stage_1, make_request(plan=FEW))
    )
    assert rows == [3] * 4 + [2] * 4


def test_guidance_acts_within_its_interval_only(stage_1, make_request, paint):
    rows = batches(stage_1)
    paint(stage_1, make_request(plan=SamplingPlan(steps=10), guidance=Guidance(start=0.2, end=0.7)))
    assert rows == [1] * 2 + [2] * 5 + [1] * 3


def test_full_rescale_gives_back_the_contrast_of_the_prompt():
    parts = torch.randn(4, 3, 8, 8)
    guided = guide(parts, 7.0, 3, rescale=1.0)
    assert_close(guided.std((1, 2, 3)), parts[2:].std((1, 2, 3)))


def test_thresholds_override_the_checkpoints_one_by_one():
    changed = Guidance(percentile=0.9).applied_to(Diffusion(thresholding=False))
    assert (changed.thresholding, changed.threshold_percentile, changed.threshold_ceiling) == (True, 0.9, 1.5)
    assert Guidance(ceiling=3.0).applied_to(Diffusion()).threshold_ceiling == 3.0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"start": 0.5, "end": 0.5}, "guidance runs from 0.5 to 0.5"),
        ({"start": -0.1}, "guidance runs from -0.1"),
        ({"end": 1.1}, "to 1.1, expected"),
        ({"rescale": 1.5}, "rescale is 1.5, expected 0 to 1"),
        ({"positive_mixer": -1.0}, "positive_mixer is -1.0"),
        ({"percentile": 0.0}, "threshold percentile is 0.0"),
        ({"ceiling": 0.5}, "threshold ceiling is 0.5, expected at least 1"),
    ],
)
def test_bad_options_cannot_be_made(fields, words):
    with pytest.raises(InputError, match=words):
        Guidance(**fields)


def test_prompts_that_do_not_match_the_batch_are_refused(stage_1, make_request, other):
    with pytest.raises(InputError, match="got 2 style prompts for 1 pictures; expected 1"):
        stage_1.sample(make_request(guidance=Guidance(style=other.repeat(2))))
    with pytest.raises(InputError, match="got 2 mixed prompts for 1 pictures"):
        stage_1.sample(make_request(guidance=Guidance(mix=other.repeat(2))))


def test_prompts_of_another_text_encoder_are_refused(stage_1, make_request, wave):
    known = make_request().positive
    wide = type(known)(wave(1, 7, 64), known.mask, known.prompts)
    with pytest.raises(InputError, match="embedded in 64 numbers a token, this network reads 48"):
        stage_1.sample(make_request(positive=wide))


@pytest.fixture
def twin(tiny_config, fill):
    return Stage(fill(UNet(tiny_config)), Diffusion(), Diffusion(), place("cpu"))


def test_each_expert_takes_its_range_of_timesteps(stage_1, twin, make_request, paint):
    early, late = batches(stage_1), batches(twin)
    whole = paint(stage_1, make_request())
    early.clear()
    both = paint(split(stage_1, twin, 300), make_request())
    assert (len(early), len(late)) == (7, 3)
    assert_close(both, whole, atol=TOLERANCE, rtol=0)  # the twins have the same weights


def test_experts_of_different_kinds_are_refused(stage_1, stage_2):
    with pytest.raises(InputError, match="one network enlarges and the other does not"):
        split(stage_1, stage_2, 500)
    other = Stage(stage_1.unet, Diffusion(prediction_type="v_prediction"), Diffusion(), place("cpu"))
    with pytest.raises(InputError, match="different noise schedules"):
        split(stage_1, other, 500)
    with pytest.raises(InputError, match="switch is timestep 1001, expected 0 to 1000"):
        split(stage_1, stage_1, 1001)
