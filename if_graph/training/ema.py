"""Averaged weights: what is exported is the running mean of what was trained."""

import torch
from torch import Tensor, nn


class AveragedWeights:
    """Exponential moving average of a module's trained parameters.

    Args:
        module: the module being trained.
        decay: weight of the past; early steps use less, so that the first weights are soon forgotten.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.weights = {name: p.detach().clone() for name, p in module.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the averages towards the module's present weights."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        present = dict(module.named_parameters())
        averages: list[Tensor] = list(self.weights.values())
        torch._foreach_lerp_(averages, [present[name] for name in self.weights], 1 - decay)

    @torch.no_grad()
    def swap(self, module: nn.Module) -> None:
        """Exchange the averages with the module's weights; a second call undoes the first."""
        for name, parameter in module.named_parameters():
            if name in self.weights:
                held = parameter.detach().clone()
                parameter.copy_(self.weights[name])
                self.weights[name].copy_(held)
