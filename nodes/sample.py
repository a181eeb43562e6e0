"""Sampling nodes: a schedule, and the three stages."""

from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from if_graph.cascade.edit import Start
from if_graph.cascade.guidance import Guidance
from if_graph.cascade.low_res import LOW_RES_NOISES
from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.request import Request
from if_graph.cascade.stage import Stage, check_size
from if_graph.text.embeddings import TextEmbeddings

from . import host, sockets
from .images import from_image, to_image

FACTOR = 4  # how much a super-resolution stage enlarges
SIDE_STEP, LARGEST_SIDE = 8, 1024
"""Of Stage I's pictures, in pixels; the published networks halve them three times."""


class IFScheduler:
    """Choose the sampler and the timesteps a stage visits."""

    CATEGORY = "DeepFloyd IF/sampling"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.SCHEDULE,)
    RETURN_NAMES = ("schedule",)
    OUTPUT_TOOLTIPS = ("Connect it to any stage; each stage lays it out on its own noise table.",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "sampler": sockets.SAMPLER,
                "timesteps": sockets.TIMESTEPS,
                "steps": sockets.number(
                    "INT", 50, 1, 1000, 1, "Step count, where timesteps are evenly spaced."
                ),
                "custom": sockets.text(
                    "",
                    "For 'custom': a descending list such as 999, 500, 0, or sections:10,6,4",
                    multiline=False,
                ),
            },
            "optional": {"eta": sockets.ETA, "variance": sockets.VARIANCE},
        }

    @classmethod
    def VALIDATE_INPUTS(
        cls, timesteps: str | None = None, steps: int | None = None, custom: str | None = None
    ) -> bool | str:
        return sockets.judged(partial(SamplingPlan, "ddpm"), timesteps, steps, custom)

    def run(
        self,
        sampler: str,
        timesteps: str,
        steps: int,
        custom: str,
        eta: float = 0.0,
        variance: str = "checkpoint",
    ) -> tuple[SamplingPlan]:
        return (SamplingPlan(sampler, timesteps, steps, custom, eta, variance),)


class IFStageI:
    """Paint small pictures from text."""

    CATEGORY = "DeepFloyd IF/sampling"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.IMAGE,)
    RETURN_NAMES = ("image",)
    OUTPUT_TOOLTIPS = ("Small pictures; connect them to Stage II or to any image node.",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        side = {"default": 64, "min": SIDE_STEP, "max": LARGEST_SIDE, "step": SIDE_STEP}
        return {
            "required": {
                "stage": sockets.socket(sockets.STAGE, "A Stage I network, from 'Load stage'."),
                "positive": sockets.POSITIVE,
                "negative": sockets.NEGATIVE,
                "schedule": sockets.SCHEDULE_INPUT,
                "seed": sockets.SEED,
                "guidance_scale": sockets.guidance(7.0),
                "width": (
                    "INT",
                    {**side, "tooltip": "Width in pixels, a multiple of 8; a start brings its own."},
                ),
                "height": (
                    "INT",
                    {**side, "tooltip": "Height in pixels, a multiple of 8; a start brings its own."},
                ),
                "batch_size": sockets.number(
                    "INT", 1, 1, 64, 1, "Pictures to paint at once, each with its own seed."
                ),
            },
            "optional": {"start": sockets.START_INPUT, "guidance": sockets.GUIDANCE_INPUT},
        }

    @classmethod
    def VALIDATE_INPUTS(cls, width: int | None = None, height: int | None = None) -> bool | str:
        return sockets.judged(_check_sides, width, height)

    def run(
        self,
        stage: Stage,
        positive: TextEmbeddings,
        negative: TextEmbeddings,
        schedule: SamplingPlan,
        seed: int,
        guidance_scale: float,
        width: int,
        height: int,
        batch_size: int,
        start: Start | None = None,
        guidance: Guidance | None = None,
    ) -> tuple[Tensor]:
        positive = positive.repeat(batch_size)
        generators = _generators(seed, len(positive))
        size = (height, width) if start is None else start.size
        request = Request(positive, negative, schedule, generators, size, guidance_scale)
        request = replace(request, start=start, guidance=guidance or Guidance())
        return (to_image(host.follow(stage.sample(request)).x_t),)


class IFStageII:
    """Enlarge pictures four times, painting detail from text (64 to 256 pixels)."""

    CATEGORY = "DeepFloyd IF/sampling"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.IMAGE,)
    RETURN_NAMES = ("image",)
    OUTPUT_TOOLTIPS = ("Pictures four times as wide and high.",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "stage": sockets.socket(sockets.STAGE, "A super-resolution network, from 'Load stage'."),
                "image": sockets.socket(sockets.IMAGE, "The pictures to enlarge."),
                "positive": sockets.POSITIVE,
                "negative": sockets.NEGATIVE,
                "schedule": sockets.SCHEDULE_INPUT,
                "seed": sockets.SEED,
                "guidance_scale": sockets.guidance(4.0),
                "noise_level": sockets.NOISE_LEVEL,
            },
            "optional": {
                "start": sockets.START_INPUT,
                "guidance": sockets.GUIDANCE_INPUT,
                "low_res_noise": sockets.LOW_RES_NOISE,
                "blur_sigma": sockets.BLUR_SIGMA,
            },
        }

    def run(
        self,
        stage: Stage,
        image: Tensor,
        positive: TextEmbeddings,
        negative: TextEmbeddings,
        schedule: SamplingPlan,
        seed: int,
        guidance_scale: float,
        noise_level: float,
        start: Start | None = None,
        guidance: Guidance | None = None,
        low_res_noise: str = LOW_RES_NOISES[0],
        blur_sigma: float = 0.0,
    ) -> tuple[Tensor]:
        low_res = from_image(image)
        positive = positive.repeat(len(low_res)) if len(positive) == 1 else positive
        size = (FACTOR * low_res.shape[2], FACTOR * low_res.shape[3])
        generators = _generators(seed, len(positive))
        request = Request(
            positive, negative, schedule, generators, size, guidance_scale, low_res, noise_level
        )
        request = replace(
            request,
            start=start,
            guidance=guidance or Guidance(),
            low_res_noise=low_res_noise,
            blur_sigma=blur_sigma,
        )
        return (to_image(host.follow(stage.sample(request)).x_t),)


class IFStageIII(IFStageII):
    """Enlarge pictures four times once more (256 to 1024 pixels)."""

    DESCRIPTION = __doc__


def _check_sides(width: int, height: int) -> None:
    for name, side in (("width", width), ("height", height)):
        sockets.within(name, side, SIDE_STEP, LARGEST_SIDE)
    check_size((height, width), SIDE_STEP)


def _generators(seed: int, count: int) -> list[torch.Generator]:
    """One generator a picture, so that picture i is the same in any batch."""
    return [torch.Generator().manual_seed((seed + i) % 2**64) for i in range(count)]


NODES = {"IFScheduler": IFScheduler, "IFStageI": IFStageI, "IFStageII": IFStageII, "IFStageIII": IFStageIII}
NAMES = {
    "IFScheduler": "IF Sampling Schedule",
    "IFStageI": "IF Stage I",
    "IFStageII": "IF Stage II",
    "IFStageIII": "IF Stage III",
}
