"""Stages and samplers against diffusers, the independent implementation (extra ``reference``)."""

import logging
import warnings

import pytest
import torch
from torch.testing import assert_close

from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.stage import Stage
from if_graph.diffusion.schedule import Diffusion
from if_graph.models.config import config_from_json
from if_graph.models.placement import place
from if_graph.models.unet import UNet

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    diffusers = pytest.importorskip("diffusers", reason="needs the peer: pip install 'if-graph[reference]'")

pytestmark = pytest.mark.filterwarnings("ignore")
TOLERANCE = 1e-4  # float32; the loops amplify the order of sums
SCHEDULER = {
    "beta_schedule": "squaredcos_cap_v2",
    "thresholding": True,
    "dynamic_thresholding_ratio": 0.95,
    "variance_type": "learned_range",
}


@pytest.fixture(autouse=True)
def _quiet():
    diffusers.logging.set_verbosity_error()
    logging.getLogger("diffusers").setLevel(logging.ERROR)


def pair(json, seed):
    """The same random weights in the peer's network and in ours; the keys are the same."""
    torch.manual_seed(seed)
    peer = diffusers.UNet2DConditionModel(**json).eval()
    ours = UNet(config_from_json(json)).eval()
    ours.load_state_dict(peer.state_dict(), strict=True)
    return peer, ours


def pipeline(kind, unet, scheduler, **more):
    peer = kind(
        tokenizer=None, text_encoder=None, unet=unet, scheduler=scheduler, safety_checker=None,
        feature_extractor=None, watermarker=None, requires_safety_checker=False, **more,
    )  # fmt: skip
    peer.set_progress_bar_config(disable=True)
    return peer


def ask(request):
    return {
        "prompt_embeds": request.positive.states,
        "negative_prompt_embeds": request.negative.states,
        "guidance_scale": request.guidance_scale,
        "height": request.size[0],
        "width": request.size[1],
        "generator": torch.Generator().manual_seed(0),
        "output_type": "pt",
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_stage_1_equals_the_peers_pipeline(tiny_json, make_request, paint, seed):
    peer, ours = pair(tiny_json, seed)
    request = make_request(size=(16, 24))
    scheduler = diffusers.DDPMScheduler(**SCHEDULER, sample_max_value=1.5)
    wanted = pipeline(diffusers.IFPipeline, peer, scheduler)(num_inference_steps=10, **ask(request)).images
    stage = Stage(ours, Diffusion(), Diffusion(), place("cpu"))
    assert_close(paint(stage, request), wanted, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_stage_2_equals_the_peers_pipeline(tiny_super_res_json, make_request, paint, wave, seed):
    peer, ours = pair(tiny_super_res_json, seed)
    request = make_request(low_res=wave(1, 3, 8, 8, f=0.21), guidance_scale=4.0)
    scheduler = diffusers.DDPMScheduler(**SCHEDULER, sample_max_value=1.0)
    noising = diffusers.DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    peer = pipeline(diffusers.IFSuperResolutionPipeline, peer, scheduler, image_noising_scheduler=noising)
    wanted = peer(image=request.low_res, num_inference_steps=10, noise_level=250, **ask(request)).images
    stage = Stage(ours, Diffusion(threshold_ceiling=1.0), Diffusion(), place("cpu"))
    assert_close(paint(stage, request), wanted, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(
    # an error in eps grows by sigma / alpha = 20,000 at the table's end, where this spacing starts
    ("steps", "tolerance"), [(5, 10 * TOLERANCE), (20, TOLERANCE), (30, TOLERANCE)]
)  # fmt: skip
def test_dpmpp_with_log_snr_spacing_equals_the_peers_scheduler(
    tiny_json, make_request, paint, steps, tolerance
):
    peer, ours = pair(tiny_json, 4)
    request = make_request(plan=SamplingPlan("dpmpp_2m", "log_snr", steps), guidance_scale=3.0)
    scheduler = diffusers.DPMSolverMultistepScheduler(**SCHEDULER, sample_max_value=1.5, use_lu_lambdas=True)
    wanted = pipeline(diffusers.IFPipeline, peer, scheduler)(num_inference_steps=steps, **ask(request)).images
    diffusion = Diffusion(lambda_min=-float("inf"))
    assert list(request.plan.trajectory(diffusion).timesteps) == scheduler.timesteps.tolist()
    assert_close(
        paint(Stage(ours, diffusion, diffusion, place("cpu")), request), wanted, atol=tolerance, rtol=0
    )


def test_v_prediction_equals_the_peers_scheduler(tiny_json, make_request, paint):
    peer, ours = pair(tiny_json, 5)
    request = make_request(guidance_scale=2.0)
    scheduler = diffusers.DDPMScheduler(**SCHEDULER, sample_max_value=1.5, prediction_type="v_prediction")
    wanted = pipeline(diffusers.IFPipeline, peer, scheduler)(num_inference_steps=10, **ask(request)).images
    diffusion = Diffusion(prediction_type="v_prediction")
    assert_close(
        paint(Stage(ours, diffusion, diffusion, place("cpu")), request), wanted, atol=TOLERANCE, rtol=0
    )
