"""Losses -> better weights, for small networks that learn in one go: AdamW, one cycle, clipped gradients."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class Descent:
    """Takes a fixed number of optimiser steps.

    Args:
        parameters: what learns.
        peak_rate: highest learning rate, reached after a tenth of the steps.
        steps: how many will be taken.
        weight_decay: of AdamW.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], peak_rate: float, steps: int, weight_decay: float = 0.0
    ) -> None:
        self._parameters = list(parameters)
        self._optimizer = torch.optim.AdamW(
            self._parameters, lr=peak_rate, betas=(0.9, 0.98), weight_decay=weight_decay
        )
        self._rates = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, peak_rate, total_steps=steps + 1, pct_start=0.1
        )

    @property
    def rate(self) -> float:
        """Learning rate of the next step."""
        return float(self._rates.get_last_lr()[0])

    def step(self, loss: Tensor) -> float:
        """Take one step down ``loss``, a scalar, and return its value."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._optimizer.step()
        self._rates.step()
        return loss.item()
