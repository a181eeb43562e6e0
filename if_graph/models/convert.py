"""Tensors of an original checkpoint -> config and tensors in the published layout, or back."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from if_graph.errors import CheckpointError
from if_graph.models.config import UNetConfig, config_from_json
from if_graph.models.convert_read import fields_from_params
from if_graph.models.keymap import Levels, Source, find_levels, sources
from if_graph.models.shapes import fields_from_shapes
from if_graph.models.unet import build_on_meta

Tensors = Mapping[str, Tensor]


def is_original(names: Mapping[str, Any]) -> bool:
    """Tell the original layout from the published one."""
    return "time_embed.0.weight" in names


def from_original(original: Tensors, params: Mapping[str, Any]) -> tuple[UNetConfig, dict[str, Tensor]]:
    """Rename every tensor, taking keys, queries and values apart.

    Args:
        original: a network in the original layout.
        params: ``params`` of its ``config.yml``; empty if there is none, then heads are 64 wide.

    Returns:
        The network's description, and its tensors under the published names, of unchanged type; tensors that
        need no rearranging share memory with ``original``.

    Raises:
        CheckpointError: if a tensor is missing, left over, or has a shape that does not fit the rest.
    """
    table, config = _describe(original, params)
    places = {name: _place(name, table) for name in build_on_meta(config).state_dict()}
    _check_names(set(original), {theirs for theirs, _ in places.values()})
    converted = {
        name: take(original[theirs], source, config.attention_head_dim)
        for name, (theirs, source) in places.items()
    }
    check_shapes(converted, config)
    return config, converted


def to_original(tensors: Tensors, config: UNetConfig) -> dict[str, Tensor]:
    """Return the tensors of a network under the names and in the shapes of the original release."""
    levels = Levels(config.layers_per_block, config.level_has_attention, not config.only_cross_attention)
    table = sources(levels)
    groups: dict[str, dict[int, Tensor]] = {}
    for name, tensor in tensors.items():
        theirs, source = _place(name, table)
        groups.setdefault(theirs, {})[source.part] = tensor
    return {theirs: _join(theirs, parts, config.attention_head_dim) for theirs, parts in groups.items()}


def _join(theirs: str, parts: Mapping[int, Tensor], head_dim: int) -> Tensor:
    """Undo :func:`take` for the tensor that these parts share."""
    tensor = parts[0]
    if len(parts) > 1:
        heads = [_heads(parts[i], head_dim) for i in range(len(parts))]
        tensor = torch.stack(heads, dim=1).flatten(0, 2)
    is_conv = theirs.endswith(("qkv.weight", "encoder_kv.weight", "proj_out.weight"))
    return tensor[..., None] if is_conv else tensor


def take(tensor: Tensor, source: Source, head_dim: int) -> Tensor:
    """Cut one of our tensors out of an original one; 1-D convolutions lose their axis of size one.

    Args:
        tensor: [parts * C, ...], rows head by head: q q k k v v of head 0, then of head 1.
        source: which part.
        head_dim: channels per head.
    """
    tensor = tensor.squeeze(-1) if tensor.ndim == 3 else tensor
    if source.parts == 1:
        return tensor
    heads = _heads(tensor, source.parts * head_dim)[:, source.part * head_dim : (source.part + 1) * head_dim]
    return heads.flatten(0, 1).contiguous()


def _heads(tensor: Tensor, rows: int) -> Tensor:
    return tensor.reshape(-1, rows, *tensor.shape[1:])  # [N, rows, ...]


def check_shapes(tensors: Tensors, config: UNetConfig) -> None:
    """Compare names and shapes with what ``config`` builds.

    Raises:
        CheckpointError: listing every difference.
    """
    wanted = {name: tuple(tensor.shape) for name, tensor in build_on_meta(config).state_dict().items()}
    problems = [
        f"{name} is {list(tensors[name].shape)} instead of {list(shape)}"
        for name, shape in wanted.items()
        if name in tensors and tuple(tensors[name].shape) != shape
    ]
    _refuse(problems)
    _check_names(set(tensors), set(wanted))


def _check_names(found: set[str], wanted: set[str]) -> None:
    problems = [f"missing {name}" for name in sorted(wanted - found)]
    _refuse(problems + [f"unexpected {name}" for name in sorted(found - wanted)])


def _refuse(problems: list[str]) -> None:
    if problems:
        raise CheckpointError(
            f"got weights that do not form an IF network ({'; '.join(problems)}); "
            "download the file again, with the config.yml beside it"
        )


def _place(name: str, table: Mapping[str, Source]) -> tuple[str, Source]:
    module, _, leaf = name.rpartition(".")
    return f"{table[module].module}.{leaf}", table[module]


def _describe(original: Tensors, params: Mapping[str, Any]) -> tuple[dict[str, Source], UNetConfig]:
    try:
        levels = find_levels(original)
        query, norm = original["middle_block.1.qkv.weight"], original["middle_block.1.norm.weight"]
        table = sources(Levels(levels.layers, levels.attends, len(query) == 3 * len(norm)))
        shapes = _shapes(original, table)
    except (KeyError, ValueError, IndexError) as error:
        raise CheckpointError(
            f"got no tensor {error}, expected an IF network in the original layout; download the file again"
        ) from error
    return table, config_from_json(fields_from_shapes(shapes) | fields_from_params(params))


def _shapes(original: Tensors, table: Mapping[str, Source]) -> dict[str, tuple[int, ...]]:
    """Shapes under our names, as far as the config is read off them."""
    return {
        f"{ours}.weight": (len(tensor) // source.parts, *tensor.shape[1:])
        for ours, source in table.items()
        if (tensor := original.get(f"{source.module}.weight")) is not None
    }
