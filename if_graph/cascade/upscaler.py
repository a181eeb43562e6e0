"""Stage III as released: a prompt and a picture become one four times as large, painted in latents."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from if_graph.cascade.low_res import noised
from if_graph.cascade.stage import Request
from if_graph.cascade.upscaler_checks import checked_level, checked_low_res
from if_graph.cascade.upscaler_schedule import UpscalerSchedule
from if_graph.cascade.upscaler_tiles import Tiles, tiled
from if_graph.diffusion.guidance import guide
from if_graph.diffusion.noise import draw_noise
from if_graph.diffusion.samplers import SAMPLERS, Model, SampledStep, sample
from if_graph.models.placement import Placement
from if_graph.models.x4.text import ClipText
from if_graph.models.x4.unet import UpscalerUNet
from if_graph.models.x4.vae import Vae
from if_graph.residency import let_go


@dataclass(frozen=True)
class Upscaler:
    """The three networks of the x4 upscaler; runs wherever a super-resolution :class:`Stage` does.

    It reads the prompts' words with a CLIP of its own, not their T5 embeddings.

    Args:
        unet: paints latents, which have the size of the low-res picture.
        vae: turns latents into pixels.
        text: reads the prompts.
        schedule: noise tables.
        placement: where the networks lie and in which type.
        tiles: from which size on to work in tiles.
    """

    unet: UpscalerUNet
    vae: Vae
    text: ClipText
    schedule: UpscalerSchedule
    placement: Placement
    tiles: Tiles = field(default_factory=Tiles)

    @property
    def is_super_resolution(self) -> bool:
        """Whether it needs a low-res picture: always."""
        return True

    def offload(self) -> None:
        """Let the weights go, if they can come back."""
        let_go(self.unet, self.vae, self.text.model)

    def sample(self, request: Request) -> Iterator[SampledStep]:
        """Paint, yielding after every step; the last step's ``x_t`` holds the pixels [B, 3, H, W], -1..1.

        Before that ``x_t`` are latents, and ``x_0`` is a rough view of them. Noise is drawn in a fixed order:
        for the low-res picture, the start, then each step's.

        Raises:
            InputError: before any work, if sizes, batches, noise level or the low-res picture do not fit.
        """
        low_res = checked_low_res(request, self.vae.config.factor)
        level = checked_level(request.noise_level, self.schedule)
        if not isinstance(request.generators, torch.Generator):
            low_res = low_res.expand(len(request.positive), -1, -1, -1)  # each row has noise of its own
        device = self.placement.device
        noise = draw_noise(low_res.shape, request.generators, device)
        condition = noised(low_res.to(device, torch.float32), noise, level, self.schedule.noising)
        shape = (len(request.positive), self.vae.config.latent_channels, *low_res.shape[2:])
        x_t = draw_noise(shape, request.generators, device)
        steps = sample(
            self._model(request, condition.expand(len(x_t), -1, -1, -1), level),
            x_t,
            self.schedule.trajectory(request.plan),
            request.plan.applied_to(self.schedule.diffusion),
            SAMPLERS[request.plan.sampler],
            request.generators,
            request.plan.eta,
        )
        return self._shown(steps)

    def _model(self, request: Request, condition: Tensor, level: int) -> Model:
        """Close over all that does not change from step to step."""
        rows = len(request.positive)
        negative = request.negative.prompts * (rows // len(request.negative))
        prompts = [*negative, *request.positive.prompts] if request.is_guided else request.positive.prompts
        text = self.text.encode(prompts).to(self.placement.dtype)
        levels = torch.full((rows,), level, device=self.placement.device)

        @torch.no_grad()
        def predict(x_t: Tensor, t: int) -> Tensor:
            times = torch.full_like(levels, t)
            output = tiled(
                lambda part: self.unet(part, times, text, levels),
                torch.cat([x_t, condition], dim=1).to(self.placement.dtype),
                self.tiles.unet,
                self.tiles.overlap,
            ).float()
            return guide(output, request.guidance_scale, x_t.shape[1]) if request.is_guided else output

        return predict

    def _shown(self, steps: Iterator[SampledStep]) -> Iterator[SampledStep]:
        """Make steps over latents into steps whose ``x_0`` can be shown and whose last is the picture."""
        for step in steps:
            if step.done < step.total:
                yield replace(step, x_0=rough_view(step.x_0))
            else:
                pixels = self.decode(step.x_t)
                yield replace(step, x_t=pixels, x_0=pixels)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Turn latents [B, C, h, w] into pixels [B, 3, H, W], picture by picture, in tiles where large."""
        latents = latents.to(next(self.vae.parameters()).dtype)
        rows = [
            tiled(self.vae.decode, row, self.tiles.vae, self.tiles.overlap, self.vae.config.factor)
            for row in torch.split(latents, 1)
        ]
        return torch.cat(rows).float()


def rough_view(latents: Tensor) -> Tensor:
    """Show the first three latent channels as pixels [B, 3, h, w], -1..1: small, in wrong colours."""
    first = latents[:, :3]
    return first / first.abs().amax(dim=(1, 2, 3), keepdim=True).clamp(min=1e-6)
