"""A network and a LoRA file -> the same network with some weights changed; the original stays as it is."""

import copy
import json
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import safe_open
from torch import nn

from if_graph.errors import CheckpointError
from if_graph.filling import put
from if_graph.models.checkpoint import read_json
from if_graph.models.convert_read import read_tensors
from if_graph.models.lora_keys import LowRank, read_updates, refuse
from if_graph.residency import resident_of, settle

Network = TypeVar("Network", bound=nn.Module)


def read_lora(file: Path) -> dict[str, LowRank]:
    """Read a LoRA file, safetensors or a pickle of tensors, in peft's or an older form.

    Args:
        file: the alpha that its keys do not hold comes from its metadata, or from peft's
            ``adapter_config.json`` beside it.

    Raises:
        CheckpointError: if it cannot be read, or holds keys of no known form.
    """
    _, tensors = read_tensors(file)
    try:
        return read_updates(tensors, _settings(file))
    except (ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{file}: got unusable LoRA settings ({error}); save the LoRA again") from error
    except CheckpointError as error:
        raise CheckpointError(f"{file}: {error}") from error


def _settings(file: Path) -> dict[str, Any]:
    if file.suffix == ".safetensors":
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
        fields = json.loads(metadata.get("lora_adapter_metadata", "{}"))
        if fields:
            return {key.removeprefix("unet."): value for key, value in fields.items()}
    return read_json(file.parent / "adapter_config.json")


def with_lora(network: Network, updates: Mapping[str, LowRank], strength: float) -> Network:
    """Return ``network`` with the updates added to its weights; all other weights are shared with it.

    Args:
        network: stays untouched.
        updates: by the name of a linear layer.
        strength: factor on every update; negative turns the effect round.

    Raises:
        CheckpointError: listing the updates whose layer ``network`` does not have, or has in another shape.
    """
    layers = dict(network.named_modules())
    refuse([name for name in updates if not isinstance(layers.get(name), nn.Linear)], "for unknown layers")
    refuse([name for name, update in updates.items() if not _fits(layers[name], update)], "of another shape")
    twin, resident = _twin(network), resident_of(network)

    def change(name: str, weight: torch.Tensor) -> torch.Tensor:
        update = updates.get(name.removesuffix(".weight"))
        return weight if update is None or not name.endswith(".weight") else _merged(weight, update, strength)

    if resident is not None:
        settle(twin, resident.source.changed(change), resident.stay)
        return twin
    for name in updates:
        weight = twin.get_parameter(f"{name}.weight")
        put(twin.get_submodule(name), "weight", change(f"{name}.weight", weight))
    return twin


def _fits(layer: nn.Module, update: LowRank) -> bool:
    return layer.weight.shape == (len(update.up), update.down.shape[1])


def _merged(weight: Any, update: LowRank, strength: float) -> torch.Tensor:
    up, down = (half.to(weight.device, torch.float32) for half in (update.up, update.down))
    # float32: a small change added in half precision would be rounded away twice
    merged: torch.Tensor = weight.detach().float() + strength * update.scale * (up @ down)
    return merged.to(weight.dtype)


def _twin(module: Network) -> Network:
    """Copy the tree of modules, not the weights or hooks; moving one then does not move the other."""
    twin = copy.copy(module)
    twin._forward_pre_hooks = OrderedDict()
    twin._forward_hooks = OrderedDict()
    twin._forward_hooks_always_called = OrderedDict()
    twin._modules = {name: None if child is None else _twin(child) for name, child in module._modules.items()}
    twin._parameters = {
        name: weight if weight is None else nn.Parameter(weight.detach(), weight.requires_grad)
        for name, weight in module._parameters.items()
    }
    twin._buffers = dict(module._buffers)
    return twin
