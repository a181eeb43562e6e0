"""How long a network's weights stay: for good, or until another network takes their place.

Code that uses a network needs not know. The file it was loaded from is the only copy of weights that are
away, and it is mapped, so that bringing them back costs what converting or uploading them costs.
"""

import torch
from torch import nn

from if_graph.filling import Source, fill, owners
from if_graph.residents import AFTER_USE, BY_LAYER, NEVER, OFFLOADS, LayerwiseResident, Resident, Stay
from if_graph.room import Room

__all__ = [
    "AFTER_USE",
    "BY_LAYER",
    "NEVER",
    "OFFLOADS",
    "Room",
    "Stay",
    "device_of",
    "let_go",
    "resident_of",
    "settle",
]


def settle(network: nn.Module, source: Source, stay: Stay | None = None) -> None:
    """Give ``network`` its weights: now and for good, or with ``stay`` whenever it is used.

    Args:
        network: its weights, on meta or not, have the types that ``source`` prepares.
        source: where they come from.
        stay: how long they stay.
    """
    if stay is None:
        fill(owners(network), source)
    else:
        kind = LayerwiseResident if stay.offload == BY_LAYER else Resident
        vars(network)["resident"] = kind(network, source, stay)


def resident_of(network: nn.Module) -> Resident | None:
    """Return what brings the weights of ``network``; None for one that has them for good."""
    resident: Resident | None = vars(network).get("resident")
    return resident


def let_go(*networks: nn.Module) -> None:
    """Let the weights of those networks go that can bring them back."""
    for resident in map(resident_of, networks):
        if resident is not None:
            resident.let_go()


def device_of(network: nn.Module) -> torch.device:
    """Return where ``network`` computes, whether its weights are there or not."""
    resident = resident_of(network)
    return next(network.parameters()).device if resident is None else resident.source.device
