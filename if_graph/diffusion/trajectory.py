"""The way from noise to picture: the timesteps a run visits, and the noise level at each."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from if_graph.diffusion.respacing import Timesteps, leading
from if_graph.diffusion.schedule import Diffusion
from if_graph.diffusion.spacing import linspace, solver_leading, solver_linspace, trailing
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

    Raises:
        InputError: if ``steps`` is not positive.

    Source: Lu et al. 2022, section 3.3 (arXiv:2206.00927); ``lambda_min_clipped`` of the checkpoint.
    """
    log_sigma = ((1 - diffusion.alpha_bar) / diffusion.alpha_bar).sqrt().log().double()  # = -lambda
    high, low = min(log_sigma[-1].item(), -diffusion.lambda_min), log_sigma[0].item()
    return _between(torch.linspace(high, low, _positive(steps), dtype=torch.float64), log_sigma)


def karras(steps: int, diffusion: Diffusion) -> Trajectory:
    """Space ``steps`` evenly in (sigma / alpha)^(1/7), between the table's ends or ``lambda_min``.

    Raises:
        InputError: if ``steps`` is not positive.

    Source: Karras et al. 2022, equation 5 (arXiv:2206.00364).
    """
    sigma = ((1 - diffusion.alpha_bar) / diffusion.alpha_bar).sqrt()
    ends = min(sigma[-1].item(), math.exp(-diffusion.lambda_min)), sigma[0].item()
    high, low = (end ** (1 / KARRAS_RHO) for end in ends)
    ramp = [i / max(steps - 1, 1) for i in range(_positive(steps))]
    chosen = [math.log((high + share * (low - high)) ** KARRAS_RHO) for share in ramp]
    return _between(torch.tensor(chosen, dtype=torch.float64), sigma.log().double())


KARRAS_RHO = 7.0  # arXiv:2206.00364, table 1


def _positive(steps: int) -> int:
    if steps < 1:
        raise InputError(f"steps is {steps}, expected at least 1")
    return steps


def _between(chosen: Tensor, log_sigma: Tensor) -> Trajectory:
    """Visit levels between the table's own, [N] descending; the model is told the timestep below each."""
    upper = torch.searchsorted(log_sigma, chosen, right=True).clamp(1, len(log_sigma) - 1)
    share = (chosen - log_sigma[upper - 1]) / (log_sigma[upper] - log_sigma[upper - 1])
    timesteps = ((upper - 1) + share.clamp(0, 1)).long()
    levels = 1 / (1 + (2 * chosen).exp())
    return Trajectory(tuple(timesteps.tolist()), torch.cat([levels, torch.ones(1, dtype=torch.float64)]))


def last_timestep(diffusion: Diffusion) -> int:
    """Return the highest timestep whose log(alpha / sigma) is at least ``lambda_min``."""
    log_snr = diffusion.alpha_bar.sqrt().log() - (1 - diffusion.alpha_bar).sqrt().log()
    return max(int((log_snr >= diffusion.lambda_min).sum()) - 1, 0)


BY_TIMESTEP: dict[str, Callable[[int, Diffusion], Timesteps]] = {
    "leading": lambda steps, diffusion: leading(steps, diffusion.train_steps),
    "trailing": lambda steps, diffusion: trailing(steps, diffusion.train_steps),
    "linspace": lambda steps, diffusion: linspace(steps, diffusion.train_steps),
    "solver_leading": lambda steps, diffusion: solver_leading(steps, last_timestep(diffusion)),
    "solver_trailing": lambda steps, diffusion: trailing(
        steps, diffusion.train_steps, last_timestep(diffusion)
    ),
    "solver_linspace": lambda steps, diffusion: solver_linspace(steps, last_timestep(diffusion)),
}
BY_LEVEL: dict[str, Callable[[int, Diffusion], Trajectory]] = {"log_snr": log_snr, "karras": karras}
SPACINGS = (
    "leading", "trailing", "log_snr", "linspace", "karras",
    "solver_leading", "solver_trailing", "solver_linspace",
)  # fmt: skip
"""How a step count becomes timesteps; ``solver_``: as DPM-Solver is published, within lambda_min."""


def spaced(spacing: str, steps: int, diffusion: Diffusion) -> Trajectory:
    """Build a trajectory of ``steps`` by one of ``SPACINGS``.

    Raises:
        InputError: if there is no such spacing, or the table has fewer steps.
    """
    if spacing in BY_LEVEL:
        return BY_LEVEL[spacing](steps, diffusion)
    if spacing not in BY_TIMESTEP:
        raise InputError(f"spacing is {spacing!r}, expected one of {', '.join(SPACINGS)}")
    return through(BY_TIMESTEP[spacing](steps, diffusion), diffusion)


def log_snr_of(alpha_bar: Tensor) -> Tensor:
    """Return lambda = log(alpha / sigma); infinite for a clean picture."""
    return 0.5 * (alpha_bar / (1 - alpha_bar)).log() if alpha_bar < 1 else torch.tensor(math.inf)
