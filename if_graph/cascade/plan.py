"""How a stage samples, as the user chose it: which sampler, and which timesteps."""

from dataclasses import dataclass, replace

from if_graph.diffusion.respacing import RESPACINGS, parse_respacing
from if_graph.diffusion.samplers import SAMPLERS
from if_graph.diffusion.schedule import Diffusion
from if_graph.diffusion.trajectory import SPACINGS, Trajectory, spaced, through
from if_graph.errors import InputError

CUSTOM = "custom"
TIMESTEP_CHOICES = (*SPACINGS, *RESPACINGS, CUSTOM)
"""Evenly spaced by a step count, a named subset, or a list written by hand."""

VARIANCES = ("checkpoint", "fixed_small", "fixed_large")
"""Noise of ``ddpm``: as the checkpoint says (learned), or the posterior's own, or beta's."""


@dataclass(frozen=True)
class SamplingPlan:
    """A sampler and its timesteps; made for a stage's own noise table when the stage runs.

    Args:
        sampler: a key of ``SAMPLERS``.
        timesteps: one of ``TIMESTEP_CHOICES``.
        steps: step count, where ``timesteps`` is a spacing.
        custom: descending list or ``sections:...``, where ``timesteps`` is ``custom``.
        eta: share of ancestral noise that ``ddim`` adds, 0..1; other samplers have no use for it.
        variance: one of ``VARIANCES``; matters to ``ddpm`` alone.

    Raises:
        InputError: on construction, if a value is out of range.
    """

    sampler: str = "ddpm"
    timesteps: str = "leading"
    steps: int = 50
    custom: str = ""
    eta: float = 0.0
    variance: str = "checkpoint"

    def __post_init__(self) -> None:
        chosen = {self.sampler: tuple(SAMPLERS), self.timesteps: TIMESTEP_CHOICES, self.variance: VARIANCES}
        for value, known in chosen.items():
            if value not in known:
                raise InputError(f"sampling plan has {value!r}, expected one of {', '.join(known)}")
        if not 0 <= self.eta <= 1:
            raise InputError(f"eta is {self.eta}, expected 0 (no noise) to 1 (as noisy as ddpm)")
        self.trajectory(Diffusion())

    def trajectory(self, diffusion: Diffusion) -> Trajectory:
        """Lay the timesteps out on ``diffusion``'s noise table."""
        if self.timesteps in SPACINGS:
            return spaced(self.timesteps, self.steps, diffusion)
        text = self.custom if self.timesteps == CUSTOM else self.timesteps
        return through(parse_respacing(text, diffusion.train_steps), diffusion)

    def applied_to(self, diffusion: Diffusion) -> Diffusion:
        """Return ``diffusion`` with the variance this plan asks for."""
        return diffusion if self.variance == "checkpoint" else replace(diffusion, variance_type=self.variance)
