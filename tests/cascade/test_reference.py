"""Stages against diffusers' pipelines, the independent implementation (extra ``reference``)."""

from dataclasses import replace

import pytest
from torch.testing import assert_close

from if_graph.cascade.plan import SamplingPlan
from if_graph.diffusion.schedule import Diffusion

pytestmark = pytest.mark.filterwarnings("ignore")
TOLERANCE = 1e-4  # float32; the loops amplify the order of sums


def sized(request):
    return {"height": request.size[0], "width": request.size[1]}


@pytest.fixture(params=[1, 2], ids=["one each", "two each"])
def two(request, make_request, two_prompts):
    """Make our request for two prompts at an odd size, the peer's, and its pictures per prompt."""
    count = request.param
    prompts = {name: embeds.repeat(count) for name, embeds in two_prompts.items()}
    each = {"num_images_per_prompt": count}
    asked = make_request(**two_prompts)
    return lambda **changes: (make_request(**prompts, size=(14, 22), **changes), asked, each)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_stage_1_equals_the_peers_pipeline(peer, tiny_json, two, paint, seed):
    theirs, stage = peer.pair(tiny_json, seed)
    request, asked, each = two()
    wanted = peer.pipeline("IFPipeline", theirs)(
        num_inference_steps=10, **each, **sized(request), **peer.ask(asked)
    )
    assert_close(paint(stage, request), wanted.images, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_stage_2_equals_the_peers_pipeline(peer, tiny_super_res_json, two, paint, wave, seed):
    theirs, stage = peer.pair(tiny_super_res_json, seed)
    low_res = wave(2, 3, 5, 7, f=0.21)
    request, asked, each = two(guidance_scale=4.0)
    count = each["num_images_per_prompt"]
    request = replace(request, low_res=low_res.repeat_interleave(count, dim=0))
    wanted = peer.pipeline("IFSuperResolutionPipeline", theirs)(
        image=low_res, num_inference_steps=10, noise_level=250, **each, **sized(request),
        **(peer.ask(asked) | {"guidance_scale": 4.0}),
    )  # fmt: skip
    assert_close(paint(stage, request), wanted.images, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(
    # an error in eps grows by sigma / alpha = 20,000 at the table's end, where this spacing starts
    ("steps", "tolerance"), [(5, 10 * TOLERANCE), (20, TOLERANCE), (30, TOLERANCE)]
)  # fmt: skip
def test_dpmpp_with_log_snr_spacing_equals_the_peers_scheduler(
    peer, tiny_json, make_request, paint, steps, tolerance
):
    theirs, stage = peer.pair(tiny_json, 4)
    request = make_request(plan=SamplingPlan("dpmpp_2m", "log_snr", steps), guidance_scale=3.0)
    scheduler = peer.diffusers.DPMSolverMultistepScheduler(
        **peer.scheduler, sample_max_value=1.5, use_lu_lambdas=True
    )
    wanted = peer.pipeline("IFPipeline", theirs, scheduler)(
        num_inference_steps=steps, **sized(request), **peer.ask(request)
    )
    diffusion = Diffusion(lambda_min=-float("inf"))
    assert list(request.plan.trajectory(diffusion).timesteps) == scheduler.timesteps.tolist()
    assert_close(paint(replace(stage, diffusion=diffusion), request), wanted.images, atol=tolerance, rtol=0)


def test_v_prediction_equals_the_peers_scheduler(peer, tiny_json, make_request, paint):
    theirs, stage = peer.pair(tiny_json, 5)
    request = make_request(guidance_scale=2.0)
    scheduler = peer.diffusers.DDPMScheduler(
        **peer.scheduler, sample_max_value=1.5, prediction_type="v_prediction"
    )
    wanted = peer.pipeline("IFPipeline", theirs, scheduler)(
        num_inference_steps=10, **sized(request), **peer.ask(request)
    )
    diffusion = Diffusion(prediction_type="v_prediction")
    assert_close(paint(replace(stage, diffusion=diffusion), request), wanted.images, atol=TOLERANCE, rtol=0)
