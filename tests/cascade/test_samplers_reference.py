"""Every sampler inside diffusers' text-to-image pipeline (extra ``reference``)."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from if_graph.cascade.plan import SamplingPlan
from if_graph.diffusion.schedule import Diffusion

pytestmark = pytest.mark.filterwarnings("ignore")
TOLERANCE = 1e-4  # float32; the loops amplify the order of sums
SOLVER, FIXED = "DPMSolverMultistepScheduler", {"variance_type": "fixed_small"}
CASES = {  # ours, the peer's scheduler, what it is told besides the checkpoint's own
    "ddpm fixed_small": (SamplingPlan(steps=8, variance="fixed_small"), "DDPMScheduler", FIXED),
    "ddpm fixed_large": (
        SamplingPlan(steps=8, variance="fixed_large"), "DDPMScheduler", {"variance_type": "fixed_large"},
    ),
    "ddim eta 0.5": (SamplingPlan("ddim", steps=8, eta=0.5), "DDIMScheduler", FIXED),
    "dpmpp_2m": (SamplingPlan("dpmpp_2m", "solver_linspace", 8), SOLVER, {}),
    "dpmpp_2m_sde": (
        SamplingPlan("dpmpp_2m_sde", "solver_linspace", 8), SOLVER, {"algorithm_type": "sde-dpmsolver++"},
    ),
    "unipc": (
        SamplingPlan("unipc", "solver_leading", 8), "UniPCMultistepScheduler",
        FIXED | {"timestep_spacing": "leading"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("case", CASES)
def test_samplers_equal_the_peers_in_its_pipeline(
    peer, tiny_json, make_request, paint, wave, two_prompts, case, seed
):
    plan, kind, told = CASES[case]
    theirs, stage = peer.pair(tiny_json, seed)
    if case == "unipc":  # the peer's scheduler of that name knows no lambda_min
        stage = replace(stage, diffusion=Diffusion(lambda_min=-float("inf")))
    config = peer.scheduler | {"sample_max_value": 1.5, "lambda_min_clipped": -5.1} | told
    scheduler = getattr(peer.diffusers, kind).from_config(config)
    generator = torch.Generator().manual_seed(seed)
    request = make_request(**two_prompts, size=(14, 10), guidance_scale=3.0, plan=plan, generators=generator)
    wanted = peer.pipeline("IFPipeline", theirs, scheduler)(
        num_inference_steps=8, height=14, width=10, eta=plan.eta, **peer.ask(request, seed)
    )
    assert list(plan.trajectory(stage.diffusion).timesteps) == scheduler.timesteps.tolist()
    assert_close(paint(stage, request), wanted.images, atol=TOLERANCE, rtol=0)
