"""The x4 upscaler against diffusers' pipeline: a folder that the peer wrote, loaded and run here."""

import logging
import warnings

import pytest
import torch
from torch.testing import assert_close

from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.stage import Request
from if_graph.cascade.upscaler import Upscaler
from if_graph.cascade.upscaler_load import load_any_stage
from if_graph.cascade.upscaler_schedule import UpscalerSchedule
from if_graph.diffusion.schedule import diffusion_from_json
from if_graph.models.placement import place
from if_graph.text.embeddings import TextEmbeddings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    diffusers = pytest.importorskip("diffusers", reason="needs the peer: pip install 'if-graph[reference]'")
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

pytestmark = pytest.mark.filterwarnings("ignore")
TOLERANCE = 1e-4  # float32; the loop amplifies the order of sums


@pytest.fixture(autouse=True)
def _quiet():
    diffusers.logging.set_verbosity_error()
    logging.getLogger("diffusers").setLevel(logging.ERROR)


@pytest.fixture
def pair(tmp_path, clip_words, tiny_upscaler_json):
    """The peer's pipeline with random weights, and what is loaded here from the folder it saved."""
    tokenizer = CLIPTokenizer.from_pretrained(str(clip_words(tmp_path / "words")))
    text = CLIPTextConfig(**tiny_upscaler_json["text_encoder"])

    def make(seed):
        torch.manual_seed(seed)
        peer = diffusers.StableDiffusionUpscalePipeline(
            vae=diffusers.AutoencoderKL(**tiny_upscaler_json["vae"]).eval(),
            text_encoder=CLIPTextModel(text).eval(),
            tokenizer=tokenizer,
            unet=diffusers.UNet2DConditionModel(**tiny_upscaler_json["unet"]).eval(),
            low_res_scheduler=diffusers.DDPMScheduler(beta_schedule="scaled_linear"),
            scheduler=diffusers.DDIMScheduler(**tiny_upscaler_json["scheduler"]),
        )
        peer.set_progress_bar_config(disable=True)
        peer.save_pretrained(tmp_path / "x4")
        return peer, load_any_stage(tmp_path / "x4", place("cpu"))

    return make


def embeds(*prompts):
    """Embeddings of no meaning: the upscaler reads the words."""
    return TextEmbeddings(torch.zeros(len(prompts), 1, 1), torch.ones(len(prompts), 1).bool(), prompts)


def request_for(low_res, prompts, **changes):
    height, width = low_res.shape[2:]
    fields = {
        "positive": embeds(*prompts),
        "negative": embeds("dog"),
        "plan": SamplingPlan("ddim", steps=7),
        "generators": torch.Generator().manual_seed(0),
        "size": (4 * height, 4 * width),
        "guidance_scale": 9.0,
        "low_res": low_res,
        "noise_level": 0.02,
    }
    return Request(**(fields | changes))


def last_of(stage, request):
    *_, last = stage.sample(request)
    return last.x_t


def ask(peer, low_res, prompts, **changes):
    """The peer's picture in -1..1; its tensors are 0..1 going in and, clamped, coming out."""
    fields = {
        "prompt": list(prompts), "negative_prompt": ["dog"] * len(prompts), "image": (low_res + 1) / 2,
        "num_inference_steps": 7, "guidance_scale": 9.0, "noise_level": 20,
        "generator": torch.Generator().manual_seed(0), "output_type": "pt",
    }  # fmt: skip
    return peer(**(fields | changes)).images * 2 - 1


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("size", "prompts"), [((8, 8), ["a cat"]), ((12, 20), ["a cat", "cab"])])
def test_the_released_sequence_equals_the_peers_pipeline(pair, wave, seed, size, prompts):
    peer, ours = pair(seed)
    assert isinstance(ours, Upscaler)
    low_res = wave(len(prompts), 3, *size, f=0.21) * 0.9
    wanted = ask(peer, low_res, prompts)
    assert_close(last_of(ours, request_for(low_res, prompts)).clamp(-1, 1), wanted, atol=TOLERANCE, rtol=0)


def test_two_pictures_of_one_prompt_and_picture_equal_the_peers(pair, wave):
    peer, ours = pair(4)
    low_res = wave(1, 3, 8, 12, f=0.21) * 0.9
    wanted = ask(peer, low_res, ["a cat"], num_images_per_prompt=2)
    request = request_for(low_res, ["a cat", "a cat"])
    assert_close(last_of(ours, request).clamp(-1, 1), wanted, atol=TOLERANCE, rtol=0)


def test_without_guidance_and_at_the_highest_noise_it_equals_the_peer(pair, wave):
    peer, ours = pair(5)
    low_res = wave(1, 3, 8, 8, f=0.21) * 0.9
    wanted = ask(peer, low_res, ["a cat"], guidance_scale=1.0, noise_level=350)
    request = request_for(low_res, ["a cat"], guidance_scale=1.0, noise_level=0.35)
    assert_close(last_of(ours, request).clamp(-1, 1), wanted, atol=TOLERANCE, rtol=0)


def test_ancestral_sampling_equals_the_peers_scheduler(pair, wave):
    peer, ours = pair(6)
    peer.scheduler = diffusers.DDPMScheduler.from_config(peer.scheduler.config)
    low_res = wave(1, 3, 8, 8, f=0.21) * 0.9
    wanted = ask(peer, low_res, ["a cat"])
    request = request_for(low_res, ["a cat"], plan=SamplingPlan("ddpm", steps=7))
    assert_close(last_of(ours, request).clamp(-1, 1), wanted, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("steps", [1, 7, 50, 75, 999])
def test_timesteps_equal_the_peers(steps, tiny_upscaler_json):
    settings = tiny_upscaler_json["scheduler"]
    peer, noise = diffusers.DDIMScheduler(**settings), diffusion_from_json(settings)
    peer.set_timesteps(steps)
    schedule = UpscalerSchedule(noise, noise, offset=1)
    plan = SamplingPlan("ddim", steps=steps)
    assert list(schedule.trajectory(plan).timesteps) == peer.timesteps.tolist()


def test_words_are_read_as_the_peer_reads_them(pair):
    peer, ours = pair(7)
    prompts = ["", "a cat", "Cab, it's 'a'!", "cat " * 100]
    for prompt in prompts:
        wanted, _ = peer.encode_prompt(prompt, "cpu", 1, False)
        assert_close(ours.text.encode([prompt]), wanted, atol=1e-5, rtol=0)
