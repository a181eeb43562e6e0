"""Inpainting as a sampler around a sampler: a mask decides which pixels a step may change."""

from torch import Tensor

from if_graph.diffusion.gaussian import add_noise
from if_graph.diffusion.samplers.step import Sampler, Step


def keep_as_is(sampler: Sampler, mask: Tensor) -> Sampler:
    """Leave what the mask protects exactly where it stands, clean from the first step to the last.

    Args:
        sampler: takes the step.
        mask: 1 where it counts, 0 where it is undone, broadcasting over [B, C, H, W].

    Source: the published IF inpainting pipelines.
    """
    return lambda step: (1 - mask) * step.x_t + mask * sampler(step)


def keep_renoised(sampler: Sampler, mask: Tensor, known: Tensor) -> Sampler:
    """Bring what the mask protects to each step's noise level anew; on the last step it is ``known`` itself.

    Args:
        sampler: takes the step.
        mask: 1 where it counts, 0 where ``known`` does, broadcasting over [B, C, H, W].
        known: the clean picture.

    Source: Lugmayr et al. 2022, algorithm 1 (arXiv:2201.09865), without its repeated steps.
    """

    def protected(step: Step) -> Tensor:
        x_next = sampler(step)
        if step.alpha_bar_next == 1:
            return (1 - mask) * known + mask * x_next
        return (1 - mask) * add_noise(known, step.draw(), step.alpha_bar_next) + mask * x_next

    return protected
