"""Weights whose names changed between versions of the libraries that wrote them, read under one form."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from if_graph.errors import CheckpointError

ROW_NUMBERS = "position_ids"
"""Tensor of older CLIP files that holds 0, 1, 2 ...; not a weight."""


def fill_renamed(
    model: nn.Module,
    files: Sequence[Path],
    device: torch.device,
    dtype: torch.dtype,
    plain: Callable[[str], str] = lambda name: name,
) -> None:
    """Give ``model``, built on meta, the weights in ``files``.

    Args:
        model: a network on meta.
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


def _read(files: Sequence[Path]) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
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
