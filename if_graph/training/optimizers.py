"""A recipe's optimiser: AdamW, with its moments in 32 or in 8 bits, or Muon."""

import logging
from collections.abc import Iterable
from typing import Any

from torch import nn
from torch.optim import AdamW, Optimizer

from if_graph.training.muon import MuonAndAdamW
from if_graph.training.recipe import Recipe

_BETAS = (0.9, 0.99)


def new_optimizer(parameters: Iterable[nn.Parameter], recipe: Recipe, processes: int = 1) -> Optimizer:
    """Return the recipe's optimiser; plain AdamW, with a warning, where its 8-bit library does not run.

    Tensors of fewer than 4096 values keep moments of 32 bits.

    Args:
        parameters: what learns.
        recipe: says which.
        processes: how many train together; where the recipe shards the optimiser, each keeps the moments of
            its share of the weights only (ZeRO stage 1, Rajbhandari et al. 2020, arXiv:1910.02054).
    """
    kind, options = (MuonAndAdamW, {}) if recipe.optimizer == "muon" else _adamw(recipe)
    options |= {"lr": recipe.peak_rate, "betas": _BETAS, "weight_decay": recipe.weight_decay}
    if recipe.shard_optimizer and processes > 1:
        from torch.distributed.optim import ZeroRedundancyOptimizer

        sharded: Optimizer = ZeroRedundancyOptimizer(parameters, kind, **options)
        return sharded
    optimizer: Optimizer = kind(parameters, **options)
    return optimizer


def gather_moments(optimizer: Optimizer) -> None:
    """Bring all moments of a sharded optimiser to the first process; every process has to ask."""
    if hasattr(optimizer, "consolidate_state_dict"):
        optimizer.consolidate_state_dict(to=0)


def _adamw(recipe: Recipe) -> tuple[Any, dict[str, Any]]:
    """The optimiser's class, and what it alone is told."""
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
            return AdamW8bit, {}
    return AdamW, {"fused": True}  # one pass over the weights, a quarter of the time
