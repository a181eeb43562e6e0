"""The low-res condition: noised once or at every step, blurred, of any shape."""

import pytest
import torch
from torch.testing import assert_close

from if_graph.cascade.low_res import Condition, blurred, noised
from if_graph.cascade.plan import SamplingPlan
from if_graph.diffusion.schedule import Diffusion
from if_graph.errors import InputError

FEW = SamplingPlan(steps=3)


@pytest.fixture
def low_res(wave):
    return wave(1, 3, 4, 6, f=0.21)


def conditions(stage):
    """Record the low-res half of every network input."""
    seen = []
    stage.unet.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][:, 3:].clone()))
    return seen


def test_noised_once_every_row_and_step_sees_the_same(stage_2, make_request, paint, low_res):
    seen = conditions(stage_2)
    paint(stage_2, make_request(low_res=low_res, size=(16, 24), plan=FEW))
    assert all(torch.equal(rows, seen[0][:1].expand_as(rows)) for rows in seen)


def test_noised_at_every_step_no_two_rows_see_the_same(stage_2, make_request, paint, low_res):
    seen = conditions(stage_2)
    paint(stage_2, make_request(low_res=low_res, size=(16, 24), plan=FEW, low_res_noise="every step"))
    rows = torch.cat(seen)
    assert len(rows) == 6
    assert len(rows.flatten(1).unique(dim=0)) == 6


def test_fresh_noise_has_the_stated_level():
    draw = lambda: torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(4))  # noqa: E731
    clean = torch.zeros(1, 3, 64, 64)
    rows = Condition(clean, 250, Diffusion(), draw).rows(2)
    assert_close(rows[:1], noised(clean, draw(), 250, Diffusion()))
    assert rows.std().item() == pytest.approx(0.3926, rel=0.02)


def test_blurring_averages_neighbours_and_leaves_flat_pictures(low_res):
    flat = torch.full((1, 3, 4, 6), 0.3)
    assert_close(blurred(flat, 1.0), flat)
    assert torch.equal(blurred(low_res, 0.0), low_res)
    centre = torch.zeros(1, 1, 3, 3)
    centre[..., 1, 1] = 1.0
    side = torch.exp(torch.tensor(-0.5))
    assert blurred(centre, 1.0)[0, 0, 1, 1].item() == pytest.approx(
        (1 / (1 + 2 * side.item())) ** 2, rel=1e-5
    )


def test_a_blurred_picture_paints_otherwise(stage_2, make_request, paint, low_res):
    fields = {"low_res": low_res, "size": (16, 24), "plan": FEW}
    plain, soft = (paint(stage_2, make_request(**fields, blur_sigma=sigma)) for sigma in (0.0, 0.8))
    assert not torch.equal(plain, soft)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"low_res_noise": "twice"}, "low_res_noise is 'twice', expected one of once, every step"),
        ({"blur_sigma": -1.0}, "blur_sigma is -1.0"),
        ({"blur_sigma": float("nan")}, "blur_sigma is nan"),
        ({"low_res": torch.zeros(2, 3, 8, 8)}, "got 2 low-res pictures for 1 prompts"),
        (
            {"size": (15, 16)},
            "height is 15, expected a multiple of 2 for this network, which halves it 1 times",
        ),
    ],
)
def test_bad_low_res_values_are_refused_before_any_work(stage_2, make_request, low_res, changes, words):
    with pytest.raises(InputError, match=words):
        stage_2.sample(make_request(**({"low_res": low_res} | changes)))
