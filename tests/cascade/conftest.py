"""Tiny stages with the reference's deterministic weights."""

import pytest
import torch

from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.stage import Request, Stage
from if_graph.diffusion.schedule import Diffusion
from if_graph.models.placement import place
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
