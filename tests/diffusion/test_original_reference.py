"""Respacings and the ancestral step against the original package, where it is installed."""

import ast
import importlib.util
import warnings
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from if_graph.diffusion.respacing import RESPACINGS, parse_respacing
from if_graph.diffusion.samplers import Step, ddpm
from if_graph.diffusion.samplers.loop import estimate
from if_graph.diffusion.schedule import Diffusion

REASON = "needs the original package: pip install --no-deps deepfloyd_if"


@pytest.fixture(scope="module")
def respace():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("deepfloyd_if.model.respace", reason=REASON)


@pytest.fixture(scope="module")
def modes(respace):
    """The original's names for respacings, read from its text: its module would download CLIP."""
    file = Path(importlib.util.find_spec("deepfloyd_if").origin).parent / "modules" / "base.py"
    named = (node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Assign))
    return next(ast.literal_eval(n.value) for n in named if n.targets[0].id == "respacing_modes")


def test_the_named_respacings_are_the_originals(respace, modes):
    assert modes.keys() == RESPACINGS.keys()
    for name, counts in modes.items():
        wanted = sorted(respace.space_timesteps(1000, counts), reverse=True)
        assert list(parse_respacing(name)) == wanted


@pytest.mark.parametrize("counts", ["100", "10,10,10,10,10,0,0,0,0,0", "20,20,20,20,10,0,0,0,0,0"])
def test_sections_visit_what_the_original_visits(respace, counts):
    wanted = sorted(respace.space_timesteps(1000, counts), reverse=True)
    assert list(parse_respacing(f"sections:{counts}")) == wanted


@pytest.mark.parametrize("name", ["smart50", "super40"])
@pytest.mark.parametrize(
    # the original's table is float64; ours is float32, as the published pipelines compute
    ("exact", "tolerance"), [(True, 1e-5), (False, 1e-4)]
)  # fmt: skip
def test_every_ancestral_step_equals_the_originals(respace, name, exact, tolerance):
    peer = respace.create_gaussian_diffusion(
        learn_sigma=True, noise_schedule="cosine", rescale_timesteps=True, timestep_respacing=RESPACINGS[name]
    )
    betas = respace.gd.get_named_beta_schedule("cosine", 1000)
    diffusion = Diffusion(torch.from_numpy((1 - betas).cumprod())) if exact else Diffusion()
    timesteps = parse_respacing(name)
    for i, t in enumerate(reversed(timesteps)):
        x_t, output = torch.randn(2, 3, 8, 6), torch.randn(2, 6, 8, 6).clamp(-1, 1)
        torch.manual_seed(i)
        wanted = peer.p_sample(
            lambda x, ts, output=output: output, x_t, torch.full((2,), i),
            dynamic_thresholding_p=0.95, dynamic_thresholding_c=1.5,
        )["sample"]  # fmt: skip
        torch.manual_seed(i)
        ours = one_step(diffusion, t, timesteps, x_t, output)
        assert_close(ours, wanted.float(), atol=tolerance, rtol=0)


def one_step(diffusion, t, timesteps, x_t, output):
    following = timesteps[timesteps.index(t) + 1 :]
    level = diffusion.alpha_bar[t].double()
    level_next = diffusion.alpha_bar[following[0]].double() if following else torch.tensor(1.0).double()
    x_0, v, _ = estimate(output, x_t, level, diffusion)
    draw = lambda: torch.randn(x_t.shape)  # noqa: E731
    return ddpm(Step(x_t, x_0, v, t, level, level_next, "learned_range", draw)).float()
