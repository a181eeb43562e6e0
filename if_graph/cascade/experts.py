"""Two stages become one: a network for the early, noisy steps and another for the late ones."""

from dataclasses import dataclass
from functools import cache

import torch

from if_graph.cascade.low_res import Condition
from if_graph.cascade.request import Request
from if_graph.cascade.stage import Stage
from if_graph.diffusion.samplers import Model
from if_graph.errors import InputError


@dataclass(frozen=True)
class ExpertStage(Stage):
    """A stage whose late steps another stage's network takes; everything else is the early stage's.

    Args:
        late: takes every timestep below ``switch``.
        switch: first timestep from above that is still the early stage's.

    Source: Balaji et al. 2022, section 4 (arXiv:2211.01324), with whole networks as experts.
    """

    late: Stage
    switch: int

    def check(self, request: Request) -> None:
        """Refuse a request that one of the two networks cannot take.

        Raises:
            InputError: if sizes, prompts or the low-res picture do not fit.
        """
        super().check(request)
        self.late.check(request)

    def offload(self) -> None:
        """Let the weights of both networks go, if they can come back."""
        super().offload()
        self.late.offload()

    def model(self, request: Request, condition: Condition | None, guided: frozenset[int] | None) -> Model:
        """Ask the network in whose range the timestep lies; neither is touched before its first step."""
        early = cache(lambda: super(ExpertStage, self).model(request, condition, guided))
        late = cache(lambda: self.late.model(request, condition, guided))
        return lambda x_t, t: (early if t >= self.switch else late)()(x_t, t)


def split(early: Stage, late: Stage, switch: int) -> ExpertStage:
    """Combine two stages of one kind, trained on one noise table.

    Args:
        early: for timesteps from ``switch`` up, where layout is decided.
        late: for timesteps below, where detail is.
        switch: 0 leaves all to ``early``, the length of the table all to ``late``.

    Raises:
        InputError: if the two do not belong together.
    """
    steps = early.diffusion.train_steps
    if not 0 <= switch <= steps:
        raise InputError(f"switch is timestep {switch}, expected 0 to {steps}")
    if early.is_super_resolution != late.is_super_resolution:
        raise InputError("one network enlarges and the other does not; load two of the same stage")
    is_same_table = torch.equal(early.diffusion.alpha_bar, late.diffusion.alpha_bar)
    if not is_same_table or early.diffusion.prediction_type != late.diffusion.prediction_type:
        raise InputError("the two stages were trained on different noise schedules; load two of one family")
    return ExpertStage(
        early.unet, early.diffusion, early.noising, early.placement, late, switch,
        economy=early.economy,
    )  # fmt: skip
