"""Does a super-resolution stage beat plain enlarging? Held-out renderings, shrunk and painted back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    peak_signal_noise_ratio,
)

from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.stage import Request, Stage
from if_graph.levels import to_pixels
from if_graph.text.t5 import TextEncoder
from if_graph.training.world.crops import SCALE, CropPairs

NOISE_LEVELS = (0.0, 0.25)
BICUBIC = "bicubic"


@dataclass(frozen=True)
class Closeness:
    """How close enlarged pictures are to those that were shrunk.

    Args:
        psnr: mean peak signal-to-noise ratio in dB; higher is better.
        distance: 1 - MS-SSIM, 0..1 (Wang et al. 2003, five scales); lower is better. LPIPS would need
            the weights of a VGG, which a machine without network does not have.
    """

    psnr: float
    distance: float


def closeness(painted: Tensor, true: Tensor) -> Closeness:
    """Compare pixels [B, 3, H, W], -1..1, of at least 161 px; values beyond are cut off."""
    got, wanted = ((pixels.clamp(-1, 1) + 1) / 2 for pixels in (painted, true))
    ratios = peak_signal_noise_ratio(got, wanted, 1.0, reduction="elementwise_mean", dim=(1, 2, 3))
    likeness = multiscale_structural_similarity_index_measure(got, wanted, data_range=1.0)
    return Closeness(float(ratios), 1 - float(likeness))


def compare(stage: Stage, encoder: TextEncoder, plan: SamplingPlan, pairs: CropPairs) -> dict[str, Closeness]:
    """Enlarge every picture of ``pairs`` by bicubic and by the stage, and say how close each way comes.

    Args:
        stage: a super-resolution stage.
        encoder: of its prompts.
        plan: sampler and timesteps.
        pairs: whole pictures with their small twins; picture i is painted with seed i.

    Returns:
        Means by way: ``bicubic``, ``noise level 0`` and ``noise level 0.25``. Bicubic enlarges the small
        picture as it is; the stage sees it with noise of its level.
    """
    ways = _ways(stage, encoder, plan)
    found: dict[str, list[Closeness]] = {name: [] for name in ways}
    for index in range(len(pairs)):
        caption, high, low = pairs[index]
        small, true = to_pixels(low[None].copy()), to_pixels(high[None].copy())
        for name, way in ways.items():
            found[name].append(closeness(way(small, caption, index), true))
    return {name: _mean(rows) for name, rows in found.items()}


def _ways(
    stage: Stage, encoder: TextEncoder, plan: SamplingPlan
) -> Mapping[str, Callable[[Tensor, str, int], Tensor]]:
    def painter(level: float) -> Callable[[Tensor, str, int], Tensor]:
        def paint(small: Tensor, caption: str, seed: int) -> Tensor:
            return _painted(stage, encoder, plan, level, small, caption, seed)

        return paint

    painters = {f"noise level {level:g}": painter(level) for level in NOISE_LEVELS}
    return {BICUBIC: lambda small, caption, seed: _bicubic(small), **painters}


def _bicubic(small: Tensor) -> Tensor:
    return F.interpolate(small, scale_factor=SCALE, mode="bicubic", align_corners=False)


def _painted(
    stage: Stage,
    encoder: TextEncoder,
    plan: SamplingPlan,
    level: float,
    small: Tensor,
    caption: str,
    seed: int,
) -> Tensor:
    height, width = small.shape[2:]
    request = Request(
        positive=encoder.encode([caption]),
        negative=encoder.encode([""]),
        plan=plan,
        generators=[torch.Generator().manual_seed(seed)],
        size=(height * SCALE, width * SCALE),
        guidance_scale=1.0,
        low_res=small,
        noise_level=level,
    )
    steps: Iterator[Tensor] = (step.x_t for step in stage.sample(request))
    *_, last = steps
    return last


def _mean(rows: list[Closeness]) -> Closeness:
    return Closeness(sum(row.psnr for row in rows) / len(rows), sum(row.distance for row in rows) / len(rows))
