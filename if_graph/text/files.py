"""Embeddings <-> a safetensors file, so that a prompt encoded once is painted where no encoder is."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from if_graph.errors import CheckpointError, InputError
from if_graph.files import unfinished
from if_graph.tensor_files import write_tensors
from if_graph.text.embeddings import TextEmbeddings

_STATES, _MASK, _PROMPTS = "states", "mask", "prompts"


def save_embeddings(embeds: TextEmbeddings, path: Path) -> None:
    """Write states, mask and prompts under a temporary name, then rename.

    Args:
        embeds: kept in their dtype.
        path: the file; its folder exists.
    """
    tensors = {_STATES: embeds.states, _MASK: embeds.mask.bool()}
    with unfinished(path) as part:
        write_tensors(tensors, part, {_PROMPTS: json.dumps(embeds.prompts)})


def load_embeddings(path: Path) -> TextEmbeddings:
    """Read what :func:`save_embeddings` wrote.

    Raises:
        CheckpointError: if it is no such file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            prompts = json.loads((file.metadata() or {})[_PROMPTS])
            states, mask = file.get_tensor(_STATES), file.get_tensor(_MASK)
        if mask.dtype != torch.bool or not states.is_floating_point():
            raise ValueError(f"states of {states.dtype} and mask of {mask.dtype}")
        return TextEmbeddings(states, mask, tuple(str(prompt) for prompt in prompts))
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, InputError) as error:
        raise CheckpointError(
            f"{path}: got no embeddings ({error}), expected a file that 'IF Save Embeddings' wrote"
        ) from error
