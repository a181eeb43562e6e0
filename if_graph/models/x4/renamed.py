"""Weights whose names changed between versions of the libraries that wrote them, read under one form."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

from if_graph.residency import Stay
from if_graph.weights import fill_weights

ROW_NUMBERS = "position_ids"
"""Tensor of older CLIP files that holds 0, 1, 2 ...; not a weight."""


def fill_renamed(
    model: nn.Module,
    files: Sequence[Path],
    device: torch.device,
    dtype: torch.dtype,
    plain: Callable[[str], str] = lambda name: name,
    stay: Stay | None = None,
) -> None:
    """Give ``model``, built on meta, the weights in ``files``.

    Args:
        model: a network on meta.
        files: safetensors, as :func:`if_graph.weights.find_weights` returns them.
        device: where the weights go.
        dtype: type of the weights.
        plain: brings names of files and of the model to one form, where the two differ.
        stay: how long the weights stay, see :func:`if_graph.weights.fill_weights`.

    Raises:
        CheckpointError: if a file cannot be read, or names, shapes or types differ from what the model has.
    """
    names = {plain(name): name for name in model.state_dict()}

    def named(name: str) -> str | None:
        return None if name.endswith(ROW_NUMBERS) else names.get(plain(name), name)

    fill_weights(model, files, device, lambda _: dtype, stay=stay, named=named)
