"""Image to image and inpainting on every stage against diffusers' pipelines (extra ``reference``)."""

import pytest
import torch
from torch.testing import assert_close

from if_graph.cascade.edit import Start
from if_graph.cascade.guidance import Guidance
from if_graph.cascade.plan import SamplingPlan

pytestmark = pytest.mark.filterwarnings("ignore")
TOLERANCE = 1e-4  # float32; the loops amplify the order of sums
SEEDS = [1, 2, 3]


@pytest.fixture
def two(make_request, two_prompts):
    """Make a request for two pictures of two prompts at an odd size."""

    def make(seed, **changes):
        fields = {"size": (16, 22), "guidance_scale": 4.0, "generators": torch.Generator().manual_seed(seed)}
        return make_request(**(two_prompts | fields | changes))

    return make


def masks():
    mask = torch.zeros(2, 1, 16, 22)
    mask[0, :, 4:12, 5:13] = 1
    mask[1, :, :, 11:] = 1
    return mask


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("strength", [0.35, 0.7, 1.0])
def test_image_to_image_equals_the_peers_pipeline(peer, tiny_json, two, paint, wave, seed, strength):
    theirs, stage = peer.pair(tiny_json, seed)
    image = wave(2, 3, 16, 22, f=0.21)
    request = two(seed, start=Start(image, strength))
    wanted = peer.pipeline("IFImg2ImgPipeline", theirs)(
        image=image, strength=strength, num_inference_steps=10, **peer.ask(request, seed)
    )
    assert_close(paint(stage, request), wanted.images, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_image_to_image_super_resolution_equals_the_peers(peer, tiny_super_res_json, two, paint, wave, seed):
    theirs, stage = peer.pair(tiny_super_res_json, seed)
    image, low_res = wave(2, 3, 16, 22, f=0.21), wave(2, 3, 5, 7, f=0.13)
    request = two(seed, start=Start(image, 0.8), low_res=low_res)
    wanted = peer.pipeline("IFImg2ImgSuperResolutionPipeline", theirs)(
        image=low_res, original_image=image, strength=0.8, num_inference_steps=10, noise_level=250,
        **peer.ask(request, seed),
    )  # fmt: skip
    assert_close(paint(stage, request), wanted.images, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("strength", [0.6, 1.0])
def test_inpainting_equals_the_peers_pipeline(peer, tiny_json, two, paint, wave, seed, strength):
    theirs, stage = peer.pair(tiny_json, seed)
    image = wave(2, 3, 16, 22, f=0.21)
    request = two(seed, start=Start(image, strength, masks(), "clean"))
    wanted = peer.pipeline("IFInpaintingPipeline", theirs)(
        image=image, mask_image=masks(), strength=strength, num_inference_steps=10,
        **peer.ask(request, seed),
    )  # fmt: skip
    assert_close(paint(stage, request), wanted.images, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_inpainting_super_resolution_equals_the_peers(peer, tiny_super_res_json, two, paint, wave, seed):
    theirs, stage = peer.pair(tiny_super_res_json, seed)
    image, low_res = wave(2, 3, 16, 22, f=0.21), wave(2, 3, 5, 7, f=0.13)
    request = two(seed, start=Start(image, 0.8, masks(), "clean"), low_res=low_res, noise_level=0.0)
    wanted = peer.pipeline("IFInpaintingSuperResolutionPipeline", theirs)(
        image=low_res, original_image=image, mask_image=masks(), strength=0.8, num_inference_steps=10,
        noise_level=0, **peer.ask(request, seed),
    )  # fmt: skip
    assert_close(paint(stage, request), wanted.images, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("edit", ["Img2Img", "Inpainting"])
@pytest.mark.parametrize("kind", ["Pipeline", "SuperResolutionPipeline"])
def test_pictures_per_prompt_are_ordered_as_the_peers(
    peer, tiny_json, tiny_super_res_json, two, paint, wave, edit, kind
):
    enlarges, mask = kind != "Pipeline", masks() if edit == "Inpainting" else None
    theirs, stage = peer.pair(tiny_super_res_json if enlarges else tiny_json, 1)
    image, low_res = wave(2, 3, 16, 22, f=0.21), wave(2, 3, 5, 7, f=0.13)
    told = {"image": low_res, "original_image": image, "noise_level": 250} if enlarges else {"image": image}
    told |= {} if mask is None else {"mask_image": masks()}
    request = two(1)
    wanted = peer.pipeline(f"IF{edit}{kind}", theirs)(
        strength=0.5, num_inference_steps=6, num_images_per_prompt=2, **told, **peer.ask(request, 1)
    )
    start = Start(twice(image), 0.5, None if mask is None else twice(mask), "clean")
    spread = {"positive": request.positive.repeat(2), "negative": request.negative.repeat(2)}
    spread |= {"low_res": twice(low_res)} if enlarges else {}
    ours = two(1, plan=SamplingPlan(steps=6), start=start, **spread)
    assert_close(paint(stage, ours), wanted.images, atol=TOLERANCE, rtol=0)


def twice(pixels):
    return pixels.repeat_interleave(2, dim=0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("plan", "kind", "options"),
    [
        (SamplingPlan("dpmpp_2m", "solver_linspace", 10), "DPMSolverMultistepScheduler", {}),
        (
            SamplingPlan("dpmpp_2m_sde", "solver_linspace", 10),
            "DPMSolverMultistepScheduler",
            {"algorithm_type": "sde-dpmsolver++"},
        ),
        (SamplingPlan("ddpm", steps=10, variance="fixed_large"), "DDPMScheduler", {}),
        (SamplingPlan("ddim", steps=10), "DDIMScheduler", {}),
    ],
    ids=["dpmpp_2m", "dpmpp_2m_sde", "ddpm fixed_large", "ddim"],
)
def test_samplers_start_from_a_picture_as_in_the_peers_pipeline(
    peer, tiny_json, two, paint, wave, seed, plan, kind, options
):
    theirs, stage = peer.pair(tiny_json, seed)
    config = peer.scheduler | {"sample_max_value": 1.5, "lambda_min_clipped": -5.1} | options
    if kind in ("DDPMScheduler", "DDIMScheduler"):  # which take no six channels unless they are told of them
        config = config | {"variance_type": "fixed_large"}
    scheduler = getattr(peer.diffusers, kind).from_config(config)
    image = wave(2, 3, 16, 22, f=0.21)
    request = two(seed, plan=plan, start=Start(image, 0.7))
    wanted = peer.pipeline("IFImg2ImgPipeline", theirs, scheduler)(
        image=image, strength=0.7, num_inference_steps=10, **peer.ask(request, seed)
    )
    assert_close(paint(stage, request), wanted.images, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_guidance_rescale_equals_the_peers_formula(peer, seed):
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg

    from if_graph.diffusion.guidance import guide

    parts = torch.randn(4, 6, 5, 7, generator=torch.Generator().manual_seed(seed))
    uncond, cond = parts[:, :3].chunk(2)
    wanted = rescale_noise_cfg(uncond + 6 * (cond - uncond), cond, guidance_rescale=0.7)
    assert_close(guide(parts, 6.0, 3, rescale=Guidance(rescale=0.7).rescale)[:, :3], wanted)
