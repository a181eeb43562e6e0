"""The editing nodes, wired as a workflow wires them."""

import pytest
import torch
from if_graph_nodes import NODE_CLASS_MAPPINGS as NODES

from if_graph.cascade.plan import SamplingPlan
from if_graph.errors import InputError

FEW = SamplingPlan(steps=4)


def run(name, *values, **options):
    return NODES[name]().run(*values, **options)


def paint_1(stage, request, **options):
    return run("IFStageI", stage, request.positive, request.negative, FEW, 7, 3.0, 8, 8, 1, **options)[0]


@pytest.fixture
def picture():
    return torch.rand(1, 30, 45, 3, generator=torch.Generator().manual_seed(0))


def test_a_fitted_picture_and_mask_start_a_stage_at_their_own_size(stage_1, make_request, picture):
    drawn = torch.zeros(1, 30, 45)
    drawn[:, 10:20, 15:30] = 1
    image, mask = run("IFFitImage", picture, 16, 8, mask=drawn)
    (start,) = run("IFImageNoising", image, 0.8, mask=mask)
    painted = paint_1(stage_1, make_request(), start=start)
    kept = mask[0] == 0
    assert painted.shape == image.shape == (1, 16, 24, 3)
    assert torch.allclose(painted[0][kept], image[0][kept], atol=1e-6)
    assert not torch.allclose(painted[0][~kept], image[0][~kept], atol=1e-2)


def test_without_a_mask_all_of_a_fitted_picture_may_be_repainted(picture):
    image, mask = run("IFFitImage", picture, 16, 8)
    assert mask.shape == image.shape[:3]
    assert mask.all()


def test_a_mask_of_another_size_is_refused_in_one_sentence(picture):
    empty = torch.zeros(1, 64, 64)  # what LoadImage gives for a picture without transparency
    for name, values in (("IFFitImage", (picture, 16, 8)), ("IFImageNoising", (picture, 0.8))):
        with pytest.raises(InputError, match="mask is 64 x 64 pixels and the picture 45 x 30"):
            run(name, *values, mask=empty)


def test_stage_2_starts_from_a_picture_four_times_as_large(stage_2, make_request, picture):
    request = make_request()
    low_res, _ = run("IFFitImage", picture, 8, 4)
    large, _ = run("IFFitImage", picture, 32, 16)
    ask = (stage_2, low_res, request.positive, request.negative, FEW, 7, 3.0, 0.25)
    (start,) = run("IFImageNoising", large, 0.5)
    assert run("IFStageII", *ask, start=start)[0].shape == (1, 32, 48, 3)
    (wrong,) = run("IFImageNoising", low_res, 0.5)
    with pytest.raises(InputError, match="the start picture is 12 x 8 pixels, expected 48 x 32"):
        run("IFStageII", *ask, start=wrong)


def test_guidance_widgets_at_rest_change_no_bit(stage_1, make_request):
    (guidance,) = run("IFGuidance", 0.0, 1.0, 0.0, 0.0, 0.0, 0.25)
    plain = paint_1(stage_1, make_request())
    assert torch.equal(paint_1(stage_1, make_request(), guidance=guidance), plain)


def test_a_second_prompt_and_two_experts_paint_otherwise(stage_1, make_request):
    request = make_request()
    plain = paint_1(stage_1, request)
    (guidance,) = run(
        "IFGuidance", 0.0, 1.0, 0.0, 0.0, 0.0, 0.5, style=request.negative, mix=request.negative
    )
    assert not torch.equal(paint_1(stage_1, request, guidance=guidance), plain)
    (both,) = run("IFExpertSplit", stage_1, stage_1, 500)
    assert torch.equal(paint_1(both, request), plain)


def test_the_schedule_takes_eta_and_variance_last():
    declared = NODES["IFScheduler"].INPUT_TYPES()
    assert list(declared["required"]) == ["sampler", "timesteps", "steps", "custom"]
    assert list(declared["optional"]) == ["eta", "variance"]
    (plan,) = run("IFScheduler", "ddim", "linspace", 5, "", eta=0.5)
    assert (plan.sampler, plan.eta, plan.variance) == ("ddim", 0.5, "checkpoint")


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"eta": 1.5}, "eta is 1.5"), ({"variance": "none"}, "'none'"), ({"steps": 0}, "steps is 0")],
)
def test_a_bad_schedule_is_refused_in_one_sentence(fields, words):
    with pytest.raises(InputError, match=words):
        SamplingPlan(**fields)
