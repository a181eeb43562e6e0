"""Samplers and spacings against diffusers' schedulers of the same name (extra ``reference``)."""

import warnings

import pytest
import torch
from torch.testing import assert_close

from if_graph.diffusion.samplers import SAMPLERS, sample
from if_graph.diffusion.schedule import Diffusion
from if_graph.diffusion.trajectory import SPACINGS, spaced
from if_graph.errors import InputError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    diffusers = pytest.importorskip("diffusers", reason="needs the peer: pip install 'if-graph[reference]'")

pytestmark = pytest.mark.filterwarnings("ignore")
TOLERANCE = 1e-4  # float32
CONFIG = {
    "beta_schedule": "squaredcos_cap_v2",
    "thresholding": True,
    "dynamic_thresholding_ratio": 0.95,
    "sample_max_value": 1.5,
}
SOLVER = CONFIG | {"lambda_min_clipped": -5.1}
DDPM, DDIM = diffusers.DDPMScheduler, diffusers.DDIMScheduler
SOLVE, UNIPC = diffusers.DPMSolverMultistepScheduler, diffusers.UniPCMultistepScheduler
UNCLIPPED = -float("inf")
COUNTS = [*range(1, 61), 75, 80, 100, 150, 185, 200, 250, 333, 500, 900]


@pytest.mark.parametrize("kind", ["leading", "trailing", "linspace"])
@pytest.mark.parametrize(
    ("prefix", "peer", "lambda_min"),
    [
        ("", DDPM(**CONFIG), -5.1),
        ("solver_", SOLVE(**SOLVER), -5.1),
        ("solver_", UNIPC(**CONFIG), UNCLIPPED),
    ],
    ids=["ddpm", "dpm-solver", "unipc"],
)
def test_spaced_timesteps_equal_the_peers(kind, prefix, peer, lambda_min):
    peer = type(peer).from_config(peer.config, timestep_spacing=kind)
    diffusion = Diffusion(lambda_min=lambda_min)
    for steps in COUNTS:
        peer.set_timesteps(steps)
        wanted = [max(t, 0) for t in peer.timesteps.tolist()]  # the peer's rounding may end at -1
        assert list(spaced(prefix + kind, steps, diffusion).timesteps) == wanted


@pytest.mark.parametrize(("kind", "option"), [("karras", "use_karras_sigmas"), ("log_snr", "use_lu_lambdas")])
def test_levels_between_timesteps_equal_the_peers(kind, option):
    peer = SOLVE(**CONFIG, **{option: True})
    for steps in COUNTS[:100:7]:
        peer.set_timesteps(steps)
        trajectory = spaced(kind, steps, Diffusion(lambda_min=UNCLIPPED))
        assert list(trajectory.timesteps) == peer.timesteps.tolist()
        sigma = ((1 - trajectory.alpha_bar) / trajectory.alpha_bar).sqrt()
        assert_close(sigma.float(), peer.sigmas, rtol=1e-6, atol=0)


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("steps", [-1, 0])
def test_a_spacing_of_no_steps_is_refused(spacing, steps):
    with pytest.raises(InputError, match=f"steps is {steps}, expected"):
        spaced(spacing, steps, Diffusion())


@pytest.mark.parametrize("spacing", ["solver_leading", "solver_linspace", "leading", "trailing", "linspace"])
def test_more_steps_than_timesteps_are_refused(spacing):
    with pytest.raises(InputError, match="steps is 1001, expected 1 to"):
        spaced(spacing, 1001, Diffusion())


CASES = {
    "ddpm fixed_small": ("ddpm", "leading", DDPM(**CONFIG, variance_type="fixed_small"), {}),
    "ddpm fixed_large": ("ddpm", "leading", DDPM(**CONFIG, variance_type="fixed_large"), {}),
    "ddim": ("ddim", "leading", DDIM(**CONFIG), {"eta": 0.0}),
    "ddim eta 0.3": ("ddim", "leading", DDIM(**CONFIG), {"eta": 0.3}),
    "ddim eta 1": ("ddim", "leading", DDIM(**CONFIG), {"eta": 1.0}),
    "dpmpp_2m": ("dpmpp_2m", "solver_linspace", SOLVE(**SOLVER), {}),
    "dpmpp_2m leading": ("dpmpp_2m", "solver_leading", SOLVE(**SOLVER, timestep_spacing="leading"), {}),
    "dpmpp_2m trailing": ("dpmpp_2m", "solver_trailing", SOLVE(**SOLVER, timestep_spacing="trailing"), {}),
    "dpmpp_2m_sde": ("dpmpp_2m_sde", "solver_linspace",
                     SOLVE(**SOLVER, algorithm_type="sde-dpmsolver++"), {}),
    "unipc": ("unipc", "solver_leading", UNIPC(**CONFIG, timestep_spacing="leading"), {}),
}  # fmt: skip


def run_peer(scheduler, model, steps, seed, **options):
    generator = torch.Generator().manual_seed(seed)
    scheduler = type(scheduler).from_config(scheduler.config)
    scheduler.set_timesteps(steps)
    x_t = torch.randn(2, 3, 7, 5, generator=generator)
    accepts = {} if isinstance(scheduler, UNIPC) else {"generator": generator}
    for t in scheduler.timesteps:
        x_t = scheduler.step(model(x_t, int(t)), t, x_t, **accepts, **options).prev_sample
    return x_t


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("steps", [2, 5, 20])
@pytest.mark.parametrize("case", CASES)
def test_samplers_equal_the_peers(case, steps, seed):
    name, spacing, scheduler, options = CASES[case]
    clipped = -float("inf") if isinstance(scheduler, UNIPC) else -5.1
    fixed = scheduler.config.get("variance_type") or "fixed_small"
    diffusion = Diffusion(lambda_min=clipped, variance_type=fixed)
    pull = torch.randn(2, 3, 7, 5, generator=torch.Generator().manual_seed(100 + seed))
    model = lambda x_t, t: 0.9 * x_t.tanh() + 0.3 * pull * (1 + t / 500)  # noqa: E731
    generator = torch.Generator().manual_seed(seed)
    x_t = torch.randn(2, 3, 7, 5, generator=generator)
    *_, last = sample(model, x_t, spaced(spacing, steps, diffusion), diffusion, SAMPLERS[name], generator,
                      options.get("eta", 0.0))  # fmt: skip
    assert_close(last.x_t, run_peer(scheduler, model, steps, seed, **options), atol=TOLERANCE, rtol=0)
