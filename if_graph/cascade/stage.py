"""A stage of the cascade: text embeddings (and low-res pixels) become pixels."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from if_graph.cascade.low_res import enlarge, level_index, noised
from if_graph.cascade.plan import SamplingPlan
from if_graph.diffusion.guidance import guide
from if_graph.diffusion.noise import Generators, draw_noise
from if_graph.diffusion.samplers import SAMPLERS, Model, SampledStep, sample
from if_graph.diffusion.schedule import Diffusion, diffusion_from_json
from if_graph.errors import InputError
from if_graph.models.checkpoint import load_unet, read_json
from if_graph.models.placement import Placement
from if_graph.models.unet import UNet
from if_graph.text.embeddings import TextEmbeddings


@dataclass(frozen=True)
class Request:
    """What a stage is asked to paint.

    Args:
        positive: embeddings of the prompts, B rows.
        negative: embeddings of what to steer away from, B rows or one; unused at guidance 1.
        plan: sampler and timesteps.
        generators: one CPU generator for the batch, or one for each picture.
        size: height and width in pixels.
        guidance_scale: 1 and below leaves guidance out, and with it half of the work.
        low_res: pixels to start from [B, 3, h, w] or [1, 3, h, w], -1..1; super-resolution only.
        noise_level: noise added to ``low_res`` before the stage sees it, 0..1; higher invents more.
    """

    positive: TextEmbeddings
    negative: TextEmbeddings
    plan: SamplingPlan
    generators: Generators
    size: tuple[int, int]
    guidance_scale: float = 7.0
    low_res: Tensor | None = None
    noise_level: float = 0.25

    @property
    def is_guided(self) -> bool:
        """Whether the negative prompt takes part."""
        return self.guidance_scale > 1


@dataclass(frozen=True)
class Stage:
    """One network with the noise tables it was trained on.

    Args:
        unet: the network.
        diffusion: noise table, prediction type and thresholds of the picture.
        noising: noise table of the low-res condition.
        placement: where the network lies and in which type.
    """

    unet: UNet
    diffusion: Diffusion
    noising: Diffusion
    placement: Placement

    @property
    def is_super_resolution(self) -> bool:
        """Whether the stage needs a low-res picture."""
        return self.unet.config.embeds_noise_level

    def sample(self, request: Request) -> Iterator[SampledStep]:
        """Paint, yielding after every step; the last step's ``x_t`` holds the pixels [B, 3, H, W], -1..1.

        Noise is drawn in a fixed order: the start, then the low-res noise, then each step's.

        Raises:
            InputError: before any work, if sizes, batches or the low-res picture do not fit this stage.
        """
        request = self._checked(request)
        shape = (len(request.positive), 3, *request.size)
        x_t = draw_noise(shape, request.generators, self.placement.device)
        model = self._model(request, self._condition(request, shape))
        plan, trajectory = request.plan, request.plan.trajectory(self.diffusion)
        diffusion = plan.applied_to(self.diffusion)
        return sample(model, x_t, trajectory, diffusion, SAMPLERS[plan.sampler], request.generators, plan.eta)

    def _checked(self, request: Request) -> Request:
        if self.is_super_resolution != (request.low_res is not None):
            wanted = (
                "a low-res picture: connect an image" if self.is_super_resolution else "no low-res picture"
            )
            raise InputError(
                f"this network takes {wanted}; load a network of the other kind or change the node"
            )
        check_size(request.size, self.unet.config.size_multiple)
        level_index(request.noise_level, self.noising)
        rows = len(request.positive)
        if len(request.negative) not in (1, rows):
            raise InputError(
                f"got {len(request.negative)} negative prompts for {rows} pictures; expected 1 or {rows}"
            )
        if request.low_res is not None and len(request.low_res) not in (1, rows):
            raise InputError(
                f"got {len(request.low_res)} low-res pictures for {rows} prompts; expected 1 or {rows}"
            )
        return replace(request, negative=request.negative.repeat(rows // len(request.negative)))

    def _condition(self, request: Request, shape: tuple[int, ...]) -> tuple[Tensor, int] | None:
        if request.low_res is None:
            return None
        level = level_index(request.noise_level, self.noising)
        low_res = enlarge(request.low_res.to(self.placement.device, torch.float32), request.size).expand(
            shape
        )
        noise = draw_noise(shape, request.generators, self.placement.device)
        return noised(low_res, noise, level, self.noising), level

    def _model(self, request: Request, condition: tuple[Tensor, int] | None) -> Model:
        """Close over all that does not change from step to step."""
        parts = [request.negative, request.positive] if request.is_guided else [request.positive]
        states = TextEmbeddings.concat(parts).states.to(self.placement.device, self.placement.dtype)
        rows = len(states)
        with torch.no_grad():
            text = self.unet.read_text(states)

        @torch.no_grad()
        def predict(x_t: Tensor, t: int) -> Tensor:
            x_in, level = x_t, None
            if condition is not None:
                x_in = torch.cat([x_t, condition[0]], dim=1)
                level = torch.full((rows,), condition[1], device=x_t.device)
            x_in = x_in.repeat(rows // len(x_t), 1, 1, 1).to(self.placement.dtype)
            output = self.unet(x_in, torch.full((rows,), t, device=x_t.device), text, level).float()
            return guide(output, request.guidance_scale, x_t.shape[1]) if request.is_guided else output

        return predict


def check_size(size: tuple[int, int], multiple: int) -> None:
    """Refuse sizes the network cannot halve often enough.

    Raises:
        InputError: naming the nearest sizes that fit.
    """
    for name, side in zip(("height", "width"), size, strict=True):
        if side < multiple or side % multiple:
            below = max(side // multiple, 1) * multiple
            raise InputError(
                f"{name} is {side}, expected a multiple of {multiple} for this network; "
                f"take {below} or {below + multiple}"
            )


def load_stage(folder: Path, placement: Placement, variant: str | None = None) -> Stage:
    """Load a stage from a checkpoint folder in the published layout.

    Args:
        folder: holds ``unet/``, ``scheduler/`` and, for super-resolution, ``image_noising_scheduler/``.
        placement: where the network goes.
        variant: of the weight files; None takes the most precise ones there.

    Raises:
        CheckpointError: if something is missing or does not fit.
    """
    unet = load_unet(folder, placement, variant)
    ceiling = 1.0 if unet.config.embeds_noise_level else 1.5
    published = PUBLISHED_SCHEDULER | {"sample_max_value": ceiling}
    diffusion = diffusion_from_json(read_json(folder / "scheduler" / "scheduler_config.json") or published)
    noising_file = folder / "image_noising_scheduler" / "scheduler_config.json"
    noising = diffusion_from_json(read_json(noising_file) or PUBLISHED_SCHEDULER)
    return Stage(unet, diffusion, noising, placement)


PUBLISHED_SCHEDULER = {  # scheduler_config.json of IF-I-XL, for a folder that has none
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "epsilon",
    "variance_type": "learned_range",
    "thresholding": True,
    "dynamic_thresholding_ratio": 0.95,
    "lambda_min_clipped": -5.1,
}
