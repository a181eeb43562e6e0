"""Losses -> better weights, for networks that learn in one go: one cycle of rates, clipped gradients."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


class Descent:
    """Takes a fixed number of optimiser steps.

    Args:
        parameters: what learns.
        optimizer: of these; its rates are the highest, reached after a tenth of the steps. Where all its
            groups have betas, the first of them cycles too.
        steps: how many will be taken.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], optimizer: Optimizer, steps: int) -> None:
        self._parameters, self._optimizer = list(parameters), optimizer
        peaks = [group["lr"] for group in optimizer.param_groups]
        cycles = all("betas" in group for group in optimizer.param_groups)
        self._rates = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, peaks, total_steps=steps + 1, pct_start=0.1, cycle_momentum=cycles
        )

    @property
    def rate(self) -> float:
        """Learning rate of the next step, of the first group."""
        return float(self._rates.get_last_lr()[0])

    def step(self, loss: Tensor) -> float:
        """Take one step down ``loss``, a scalar, and return its value."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._optimizer.step()
        self._rates.step()
        return loss.item()
