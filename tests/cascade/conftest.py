"""Tiny stages with the reference's deterministic weights."""

import logging
import warnings
from types import SimpleNamespace

import pytest
import torch

from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.stage import Request, Stage
from if_graph.diffusion.schedule import Diffusion
from if_graph.models.config import config_from_json
from if_graph.models.placement import place
from if_graph.models.unet import UNet
from if_graph.text.embeddings import TextEmbeddings


def embeds(states):
    mask = torch.ones(states.shape[:2], dtype=torch.long)
    return TextEmbeddings(states, mask, tuple("" for _ in states))


@pytest.fixture
def make_request(wave):
    def make(**changes):
        fields = {
            "positive": embeds(wave(1, 7, 48, f=0.11, p=0.5)),
            "negative": embeds(wave(1, 7, 48, f=0.17, p=0.9)),
            "plan": SamplingPlan(steps=10),
            "generators": torch.Generator().manual_seed(0),
            "size": (16, 16),
        }
        return Request(**(fields | changes))

    return make


@pytest.fixture
def two_prompts(wave):
    """Prompts of two pictures, for ``make_request``."""
    return {
        "positive": embeds(wave(2, 7, 48, f=0.11, p=0.5)),
        "negative": embeds(wave(2, 7, 48, f=0.17, p=0.9)),
    }


@pytest.fixture
def stage_1(tiny_unet):
    return Stage(tiny_unet, Diffusion(), Diffusion(), place("cpu"))


@pytest.fixture
def stage_2(tiny_super_res):
    return Stage(tiny_super_res, Diffusion(threshold_ceiling=1.0), Diffusion(), place("cpu"))


@pytest.fixture
def paint():
    def run(stage, request):
        *_, last = stage.sample(request)
        return last.x_t

    return run


SCHEDULER = {
    "beta_schedule": "squaredcos_cap_v2",
    "thresholding": True,
    "dynamic_thresholding_ratio": 0.95,
    "variance_type": "learned_range",
}


@pytest.fixture
def peer():
    """diffusers, and how to build its networks and pipelines for these tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reason = "needs the peer: pip install 'if-graph[reference]'"
        diffusers = pytest.importorskip("diffusers", reason=reason)
    diffusers.logging.set_verbosity_error()
    logging.getLogger("diffusers").setLevel(logging.ERROR)

    def pair(json, seed):
        """The same random weights in the peer's network and in ours; the keys are the same."""
        torch.manual_seed(seed)
        theirs = diffusers.UNet2DConditionModel(**json).eval()
        ours = UNet(config_from_json(json)).eval()
        ours.load_state_dict(theirs.state_dict(), strict=True)
        ceiling = 1.0 if ours.config.embeds_noise_level else 1.5
        return theirs, Stage(ours, Diffusion(threshold_ceiling=ceiling), Diffusion(), place("cpu"))

    def pipeline(kind, unet, scheduler=None, **more):
        ceiling = 1.0 if "SuperResolution" in kind else 1.5
        scheduler = scheduler or diffusers.DDPMScheduler(**SCHEDULER, sample_max_value=ceiling)
        if ceiling == 1.0:
            more["image_noising_scheduler"] = diffusers.DDPMScheduler(beta_schedule="squaredcos_cap_v2")
        built = getattr(diffusers, kind)(
            tokenizer=None, text_encoder=None, unet=unet, scheduler=scheduler, safety_checker=None,
            feature_extractor=None, watermarker=None, requires_safety_checker=False, **more,
        )  # fmt: skip
        built.set_progress_bar_config(disable=True)
        return built

    def ask(request, seed=0):
        """A request in the peer's words; sizes only where the pipeline takes them."""
        return {
            "prompt_embeds": request.positive.states,
            "negative_prompt_embeds": request.negative.states,
            "guidance_scale": request.guidance_scale,
            "generator": torch.Generator().manual_seed(seed),
            "output_type": "pt",
        }

    return SimpleNamespace(diffusers=diffusers, pair=pair, pipeline=pipeline, ask=ask, scheduler=SCHEDULER)
