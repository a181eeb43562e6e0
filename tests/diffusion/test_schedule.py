"""Noise tables and one-step numbers against the reference's appendix C.1."""

import json
from pathlib import Path

import pytest
import torch

from if_graph.diffusion import gaussian
from if_graph.diffusion.respacing import RESPACINGS, leading, parse_respacing
from if_graph.diffusion.samplers import Step, ddpm
from if_graph.diffusion.samplers.loop import estimate
from if_graph.diffusion.schedule import (
    Diffusion,
    cosine_alpha_bar,
    diffusion_from_json,
    scaled_linear_alpha_bar,
)
from if_graph.errors import CheckpointError, InputError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "respacings.json").read_text())


@pytest.mark.parametrize(
    ("t", "value"),
    [(0, 0.9999586939811707), (1, 0.9999125599861145), (250, 0.8458880186), (500, 0.4922850430),
                     (750, 0.1431786567), (998, 2.428766e-6), (999, 2.42873499e-9)]
)  # fmt: skip
def test_cosine_table_has_the_golden_values(t, value):
    assert cosine_alpha_bar()[t].item() == pytest.approx(value, rel=2e-6)


@pytest.mark.parametrize(
    ("level", "signal", "noise"), [(20, 0.99864972, 0.05194920), (100, 0.98548269, 0.16977589)]
)
def test_scaled_linear_table_has_the_golden_values(level, signal, noise):
    alpha_bar = scaled_linear_alpha_bar(1000, 1e-4, 0.02)[level]
    assert alpha_bar.sqrt().item() == pytest.approx(signal, abs=1e-6)
    assert (1 - alpha_bar).sqrt().item() == pytest.approx(noise, abs=1e-6)


@pytest.mark.parametrize(
    ("t", "t_next", "low", "high"),
    [
        (990, 980, -0.254834145, -0.254153907),
        (500, 490, -3.51509261, -3.48391509),
        (10, 0, -10.1534853, -7.29363728),
    ],
)
def test_learned_variance_spans_the_golden_range(t, t_next, low, high):
    table = cosine_alpha_bar()
    ends = [
        gaussian.learned_log_variance(torch.tensor(v), table[t], table[t_next]).item() for v in (-1.0, 1.0)
    ]
    assert ends == pytest.approx([low, high], rel=1e-4)


def test_one_ancestral_step_gives_the_golden_numbers():
    generator = torch.Generator().manual_seed(0)
    x_t = torch.randn(1, 3, 8, 8, generator=generator)
    output = torch.randn(1, 6, 8, 8, generator=generator)
    diffusion = Diffusion()
    level, level_next = diffusion.alpha_bar[500].double(), diffusion.alpha_bar[490].double()
    x_0, v, _ = estimate(output, x_t, level, diffusion)
    draw = lambda: torch.randn(1, 3, 8, 8, generator=generator)  # noqa: E731
    x = ddpm(Step(x_t, x_0, v, 500, level, level_next, "learned_range", draw))
    assert x.flatten()[:4].tolist() == pytest.approx(
        [-1.25630736, -1.14204311, -0.48205942, -0.63319981], abs=1e-5
    )
    assert (x.mean().item(), x.std().item()) == pytest.approx((0.01907187, 0.95572090), abs=1e-6)


@pytest.mark.parametrize("name", RESPACINGS)
def test_named_respacings_equal_the_published_lists(name):
    assert list(parse_respacing(name)) == GOLDEN[name]


@pytest.mark.parametrize(
    ("steps", "first", "second"), [(100, 990, 980), (50, 980, 960), (27, 962, 925), (80, 948, 936)]
)
def test_step_counts_are_spaced_as_the_checkpoints_scheduler_does(steps, first, second):
    timesteps = leading(steps)
    assert (timesteps[0], timesteps[1], timesteps[-1], len(timesteps)) == (first, second, 0, steps)


def test_sections_with_zeros_make_a_partial_trajectory():
    timesteps = parse_respacing("sections:10,10,10,10,10,0,0,0,0,0")
    assert (len(timesteps), timesteps[0], timesteps[-1]) == (50, 499, 0)


@pytest.mark.parametrize(
    "text", ["fast28", "", "0", "1001", "5, 5", "1000, 0", "3, 9", "sections:0,0", "sections:2000", "-4"]
)
def test_bad_timesteps_are_refused_in_one_sentence(text):
    with pytest.raises(InputError, match=r"expected|no steps") as caught:
        parse_respacing(text)
    assert "\n" not in str(caught.value)


def test_a_scheduler_config_of_another_family_is_refused():
    with pytest.raises(CheckpointError, match="beta_schedule"):
        diffusion_from_json({"beta_schedule": "sigmoid"})
