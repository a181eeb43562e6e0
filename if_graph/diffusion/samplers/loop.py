"""The one sampling loop: a model, a trajectory and a sampler become a stream of ever cleaner pictures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from torch import Tensor

from if_graph.diffusion.gaussian import eps_of, x_0_from
from if_graph.diffusion.noise import Generators, draw_noise
from if_graph.diffusion.samplers.step import Past, Sampler, Step
from if_graph.diffusion.schedule import Diffusion
from if_graph.diffusion.threshold import dynamic_threshold
from if_graph.diffusion.trajectory import Trajectory

Model = Callable[[Tensor, int], Tensor]
"""Given x_t [B, C, H, W] and t, answers [B, C, H, W], or [B, 2C, H, W] with a variance half."""

MEMORY = 3  # past steps kept for multistep samplers


@dataclass(frozen=True)
class SampledStep:
    """One finished step.

    Args:
        done: steps finished, 1..total.
        total: steps in all.
        t: timestep of this step.
        x_t: where the run stands now, [B, C, H, W].
        x_0: this step's clean estimate, for previews.
    """

    done: int
    total: int
    t: int
    x_t: Tensor
    x_0: Tensor


def sample(
    model: Model,
    x_t: Tensor,
    trajectory: Trajectory,
    diffusion: Diffusion,
    sampler: Sampler,
    generators: Generators,
    eta: float = 0.0,
) -> Iterator[SampledStep]:
    """Walk ``trajectory`` from ``x_t``, yielding after every step; the last ``x_t`` is the picture.

    Args:
        model: see :data:`Model`; guidance is already inside.
        x_t: where to start, [B, C, H, W] float32; pure noise, or a noised picture.
        trajectory: timesteps and noise levels.
        diffusion: how to read the model's answer.
        sampler: one of ``SAMPLERS``.
        generators: for the noise that the sampler draws.
        eta: see :class:`Step`.
    """
    past: tuple[Past, ...] = ()
    total = len(trajectory)

    def draw() -> Tensor:
        return draw_noise(x_t.shape, generators, x_t.device)

    for i, t in enumerate(trajectory.timesteps):
        level, level_next = trajectory.alpha_bar[i], trajectory.alpha_bar[i + 1]
        x_0, v, prediction = estimate(model(x_t, t), x_t, level, diffusion)
        kind = diffusion.prediction_type
        eps = None if kind == "sample" else partial(eps_of, prediction, x_t, level, kind)
        step = Step(x_t, x_0, v, t, level, level_next, diffusion.variance_type, draw, past, eta, eps)
        past = (*past, Past(level, x_0, x_t))[-MEMORY:]
        x_t = sampler(step)
        yield SampledStep(i + 1, total, t, x_t, x_0)


class Estimate(NamedTuple):
    """A model's answer, read: the clean estimate in range, the variance half if it counts, the other half."""

    x_0: Tensor
    v: Tensor | None
    prediction: Tensor


def estimate(output: Tensor, x_t: Tensor, alpha_bar: Tensor, diffusion: Diffusion) -> Estimate:
    """Read a model's answer [B, C or 2C, H, W] for ``x_t`` [B, C, H, W]."""
    channels = x_t.shape[1]
    prediction, v = output[:, :channels].float(), None
    if output.shape[1] == 2 * channels and diffusion.variance_type.startswith("learned"):
        v = output[:, channels:].float()
    x_0 = x_0_from(prediction, x_t, alpha_bar, diffusion.prediction_type)
    return Estimate(in_range(x_0, diffusion), v, prediction)


def in_range(x_0: Tensor, diffusion: Diffusion) -> Tensor:
    """Threshold or clip a clean estimate as the checkpoint asks."""
    if diffusion.thresholding:
        return dynamic_threshold(x_0, diffusion.threshold_percentile, diffusion.threshold_ceiling)
    return x_0.clamp(-1, 1) if diffusion.clip_sample else x_0
