"""CLIP towers through transformers: built without memory, then filled from the files of any version of it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from if_graph.errors import CheckpointError

ROW_NUMBERS = "position_ids"
"""Tensor of older CLIP files that holds 0, 1, 2 ...; not a weight."""

TEXT_PREFIX = "text_model."
"""Prefix of every text weight in the published files; newer transformers leave it out in memory."""


Network = TypeVar("Network", bound=nn.Module)


def build_clip(config_file: Path, build: Callable[[dict[str, Any]], Network]) -> Network:
    """Build a network on the meta device from the fields of ``config_file``.

    Raises:
        CheckpointError: if the file is absent, or its values describe no CLIP network.
    """
    try:
        fields: dict[str, Any] = json.loads(config_file.read_text(encoding="utf-8"))
        with torch.device("meta"):
            network = build(fields)
    except Exception as error:  # whatever transformers makes of a bad value
        raise CheckpointError(
            f"{config_file}: got no usable config ({error}), expected that of a CLIP network; "
            "download it again"
        ) from error
    network.eval()
    return network


def fill_clip(
    model: nn.Module,
    files: Sequence[Path],
    device: torch.device,
    dtype: torch.dtype,
    plain: Callable[[str], str] = lambda name: name,
) -> None:
    """Give ``model``, built on meta, the weights in ``files``.

    Args:
        model: a network on meta; its row numbers are made anew.
        files: safetensors, as :func:`if_graph.weights.find_weights` returns them.
        device: where the weights go.
        dtype: type of the weights.
        plain: brings names of files and of the model to one form, where the two differ.

    Raises:
        CheckpointError: if a file cannot be read, or names or shapes differ from what the model has.
    """
    names = {plain(name): name for name in model.state_dict()}
    weights = {
        names.get(plain(name), name): nn.Parameter(tensor.to(device, dtype), requires_grad=False)
        for name, tensor in _read(files).items()
    }
    try:
        model.load_state_dict(weights, strict=True, assign=True)
    except RuntimeError as error:
        raise CheckpointError(
            f"{files[0].parent}: got weights that do not fit config.json ({_one_line(error)}); "
            "use the config.json and weights of one checkpoint"
        ) from error
    _number_rows(model, device)


def _read(files: Sequence[Path]) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = {}
    for path in files:
        try:
            tensors |= load_file(path)
        except (SafetensorError, OSError) as error:
            raise CheckpointError(
                f"{path}: got no readable safetensors file ({error}), download it again"
            ) from error
    return {name: tensor for name, tensor in tensors.items() if not name.endswith(ROW_NUMBERS)}


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _number_rows(model: nn.Module, device: torch.device) -> None:
    for module in model.modules():
        rows = module._buffers.get(ROW_NUMBERS)
        if rows is not None:
            numbers = torch.arange(rows.numel(), device=device).reshape(rows.shape)
            module.register_buffer(ROW_NUMBERS, numbers, persistent=False)
