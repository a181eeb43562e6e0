"""A recipe's optimiser: AdamW, with its moments in 32 or in 8 bits."""

import logging
from collections.abc import Iterable
from typing import Any

from torch import nn
from torch.optim import AdamW, Optimizer

from if_graph.training.recipe import Recipe

_BETAS = (0.9, 0.99)


def new_optimizer(parameters: Iterable[nn.Parameter], recipe: Recipe) -> Optimizer:
    """Return the recipe's optimiser; plain AdamW, with a warning, where its 8-bit library does not run.

    Tensors of fewer than 4096 values keep moments of 32 bits.
    """
    options: dict[str, Any] = {
        "lr": recipe.peak_rate, "betas": _BETAS, "weight_decay": recipe.weight_decay,
    }  # fmt: skip
    if recipe.optimizer == "adamw_8bit":
        try:
            from bitsandbytes.optim import AdamW8bit
        except (ImportError, OSError, RuntimeError) as error:  # not installed, or built for another machine
            logging.warning(
                "optimizer adamw_8bit: bitsandbytes does not run here (%s), so moments take 32 bits; "
                "pip install 'if-graph[adamw-8bit]'",
                error,
            )
        else:
            optimizer: Optimizer = AdamW8bit(parameters, **options)
            return optimizer
    return AdamW(parameters, **options, fused=True)  # one pass over the weights, a quarter of the time
