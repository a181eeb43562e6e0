"""The way from noise to picture: the timesteps a run visits, and the noise level at each."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from if_graph.diffusion.respacing import Timesteps, leading, trailing
from if_graph.diffusion.schedule import Diffusion
from if_graph.errors import InputError


@dataclass(frozen=True)
class Trajectory:
    """Timesteps for the model, and the exact noise levels for the sampler.

    Args:
        timesteps: N integers in running order, what the model is told.
        alpha_bar: N + 1 levels; the last is where the run arrives. float32 where they are the training
            table's own, as the published pipelines compute with them; float64 between its entries.
    """

    timesteps: Timesteps
    alpha_bar: Tensor

    def __len__(self) -> int:
        return len(self.timesteps)

    def after(self, start: int) -> "Trajectory":
        """Leave out the first ``start`` steps (image to image)."""
        return Trajectory(self.timesteps[start:], self.alpha_bar[start:])


def through(timesteps: Timesteps, diffusion: Diffusion) -> Trajectory:
    """Visit exactly these timesteps of the training table and arrive at the clean picture."""
    return Trajectory(timesteps, torch.cat([diffusion.alpha_bar[list(timesteps)], torch.ones(1)]))


def log_snr(steps: int, diffusion: Diffusion) -> Trajectory:
    """Space ``steps`` evenly in log(alpha / sigma), between the table's ends or ``lambda_min``.

    Between two timesteps the model is told the lower one.

    Raises:
        InputError: if ``steps`` is not positive.

    Source: Lu et al. 2022, section 3.3 (arXiv:2206.00927); ``lambda_min_clipped`` of the checkpoint.
    """
    if steps < 1:
        raise InputError(f"steps is {steps}, expected at least 1")
    sigma = (
        ((1 - diffusion.alpha_bar) / diffusion.alpha_bar).sqrt().log().double()
    )  # = -lambda, ascending with t
    chosen = torch.linspace(
        min(sigma[-1].item(), -diffusion.lambda_min), sigma[0].item(), steps, dtype=torch.float64
    )
    upper = torch.searchsorted(sigma, chosen, right=True).clamp(1, len(sigma) - 1)
    share = (chosen - sigma[upper - 1]) / (sigma[upper] - sigma[upper - 1])
    timesteps = ((upper - 1) + share.clamp(0, 1)).long()
    levels = 1 / (1 + (2 * chosen).exp())
    return Trajectory(tuple(timesteps.tolist()), torch.cat([levels, torch.ones(1, dtype=torch.float64)]))


SPACINGS = ("leading", "trailing", "log_snr")
"""How a step count becomes timesteps."""


def spaced(spacing: str, steps: int, diffusion: Diffusion) -> Trajectory:
    """Build a trajectory of ``steps`` by one of ``SPACINGS``."""
    if spacing == "log_snr":
        return log_snr(steps, diffusion)
    if spacing not in SPACINGS:
        raise InputError(f"spacing is {spacing!r}, expected one of {', '.join(SPACINGS)}")
    by_count = {"leading": leading, "trailing": trailing}[spacing]
    return through(by_count(steps, diffusion.train_steps), diffusion)


def log_snr_of(alpha_bar: Tensor) -> Tensor:
    """Return lambda = log(alpha / sigma); infinite for a clean picture."""
    return 0.5 * (alpha_bar / (1 - alpha_bar)).log() if alpha_bar < 1 else torch.tensor(math.inf)
