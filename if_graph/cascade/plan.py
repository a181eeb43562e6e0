"""How a stage samples, as the user chose it: which sampler, and which timesteps."""

from dataclasses import dataclass

from if_graph.diffusion.respacing import RESPACINGS, parse_respacing
from if_graph.diffusion.samplers import SAMPLERS
from if_graph.diffusion.schedule import Diffusion
from if_graph.diffusion.trajectory import SPACINGS, Trajectory, spaced, through
from if_graph.errors import InputError

CUSTOM = "custom"
TIMESTEP_CHOICES = (*SPACINGS, *RESPACINGS, CUSTOM)
"""Evenly spaced by a step count, a named subset, or a list written by hand."""


@dataclass(frozen=True)
class SamplingPlan:
    """A sampler and its timesteps; made for a stage's own noise table when the stage runs.

    Args:
        sampler: a key of ``SAMPLERS``.
        timesteps: one of ``TIMESTEP_CHOICES``.
        steps: step count, where ``timesteps`` is a spacing.
        custom: descending list or ``sections:...``, where ``timesteps`` is ``custom``.

    Raises:
        InputError: on construction, if a value is out of range.
    """

    sampler: str = "ddpm"
    timesteps: str = "leading"
    steps: int = 50
    custom: str = ""

    def __post_init__(self) -> None:
        for value, known in ((self.sampler, tuple(SAMPLERS)), (self.timesteps, TIMESTEP_CHOICES)):
            if value not in known:
                raise InputError(f"sampling plan has {value!r}, expected one of {', '.join(known)}")
        self.trajectory(Diffusion())

    def trajectory(self, diffusion: Diffusion) -> Trajectory:
        """Lay the timesteps out on ``diffusion``'s noise table."""
        if self.timesteps in SPACINGS:
            return spaced(self.timesteps, self.steps, diffusion)
        text = self.custom if self.timesteps == CUSTOM else self.timesteps
        return through(parse_respacing(text, diffusion.train_steps), diffusion)
