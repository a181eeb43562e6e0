"""A stage of the cascade: text embeddings (and low-res pixels) become pixels."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from if_graph.cascade.economy import AS_IT_IS, Economy
from if_graph.cascade.low_res import Condition, blurred, enlarge, level_index, noised
from if_graph.cascade.predict import build_model
from if_graph.cascade.request import Request
from if_graph.diffusion.noise import draw_noise
from if_graph.diffusion.samplers import SAMPLERS, Model, SampledStep, sample
from if_graph.diffusion.schedule import Diffusion, diffusion_from_json
from if_graph.errors import InputError
from if_graph.models.checkpoint import load_unet, read_json
from if_graph.models.placement import Placement
from if_graph.models.unet import UNet
from if_graph.residency import let_go

__all__ = ["Request", "Stage", "check_size", "load_stage", "with_economy"]


@dataclass(frozen=True)
class Stage:
    """One network with the noise tables it was trained on.

    Args:
        unet: the network.
        diffusion: noise table, prediction type and thresholds of the picture.
        noising: noise table of the low-res condition.
        placement: where the network lies and in which type.
        economy: how the network is asked for less than it could do; by default it is not.
    """

    unet: UNet
    diffusion: Diffusion
    noising: Diffusion
    placement: Placement
    economy: Economy = field(default=AS_IT_IS, kw_only=True)

    @property
    def is_super_resolution(self) -> bool:
        """Whether the stage needs a low-res picture."""
        return self.unet.config.embeds_noise_level

    def offload(self) -> None:
        """Let the weights go, if they can come back."""
        let_go(self.unet)

    def sample(self, request: Request) -> Iterator[SampledStep]:
        """Paint, yielding after every step; the last step's ``x_t`` holds the pixels [B, 3, H, W], -1..1.

        Noise is drawn in a fixed order: the start, then the low-res noise, then each step's (low-res noise
        before the sampler's, and last the protected region's, where those are drawn at every step).

        Raises:
            InputError: before any work, if sizes, batches or the low-res picture do not fit this stage.
        """
        self.check(request)
        request, plan, start = request.checked(), request.plan, request.start
        whole = plan.trajectory(self.diffusion)
        trajectory = whole if start is None else start.shortened(whole)
        sampler = SAMPLERS[plan.sampler]
        x_t = draw_noise(request.shape, request.generators, self.placement.device)
        if start is not None:
            x_t, sampler = start.noised(x_t, trajectory), start.protecting(sampler, x_t)
        model = self.model(request, self._condition(request), request.guidance.interval(whole))
        diffusion = request.guidance.applied_to(plan.applied_to(self.diffusion))
        return sample(model, x_t, trajectory, diffusion, sampler, request.generators, plan.eta)

    def check(self, request: Request) -> None:
        """Refuse a request that this network cannot take.

        Raises:
            InputError: if sizes, prompts or the low-res picture do not fit.
        """
        if self.is_super_resolution != (request.low_res is not None):
            wanted = (
                "a low-res picture: connect an image" if self.is_super_resolution else "no low-res picture"
            )
            raise InputError(
                f"this network takes {wanted}; load a network of the other kind or change the node"
            )
        check_size(request.size, self.unet.config.size_multiple)
        level_index(request.noise_level, self.noising)
        width, wanted_width = request.positive.states.shape[2], self.unet.config.encoder_hid_dim
        if width != wanted_width:
            raise InputError(
                f"prompts are embedded in {width} numbers a token, this network reads {wanted_width}; "
                "load the text encoder of the same checkpoint"
            )

    def model(self, request: Request, condition: Condition | None, guided: frozenset[int] | None) -> Model:
        """Return what :func:`~if_graph.diffusion.samplers.sample` asks at every step."""
        return build_model(self.unet, self.placement, request, condition, guided, self.economy)

    def _condition(self, request: Request) -> Condition | None:
        if request.low_res is None:
            return None
        level = level_index(request.noise_level, self.noising)
        low_res = blurred(request.low_res.to(self.placement.device, torch.float32), request.blur_sigma)
        pixels = enlarge(low_res, request.size).expand(request.shape)

        def draw() -> Tensor:
            return draw_noise(request.shape, request.generators, self.placement.device)

        if request.low_res_noise == "every step":
            return Condition(pixels, level, self.noising, draw)
        return Condition(noised(pixels, draw(), level, self.noising), level, self.noising)


def with_economy(stage: Stage, **changes: Any) -> Stage:
    """Return the stage with other fields of its :class:`~if_graph.cascade.economy.Economy`.

    Raises:
        InputError: if a value is out of range, or the network's first level has attention, so that nothing
            can be kept from one step to the next.
    """
    economy = replace(stage.economy, **changes)
    if economy.every > 1 and stage.unet.config.level_has_attention[0]:
        raise InputError(
            "this network has attention in its first level, so nothing can be reused; leave the node out"
        )
    return replace(stage, economy=economy)


def check_size(size: tuple[int, int], multiple: int) -> None:
    """Refuse sizes the network cannot halve often enough.

    Raises:
        InputError: naming the nearest sizes that fit.
    """
    for name, side in zip(("height", "width"), size, strict=True):
        if side < multiple or side % multiple:
            below = max(side // multiple, 1) * multiple
            raise InputError(
                f"{name} is {side}, expected a multiple of {multiple} for this network, which halves it "
                f"{multiple.bit_length() - 1} times; take {below} or {below + multiple}, "
                "for example with 'IF Fit Image'"
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
