"""CLIP towers through transformers: built without memory, then filled from the files of any version of it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from if_graph.errors import CheckpointError
from if_graph.models.x4.renamed import ROW_NUMBERS, fill_renamed
from if_graph.residency import Stay

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
    stay: Stay | None = None,
) -> None:
    """Give a CLIP network on meta its weights, and number its rows anew.

    Raises:
        CheckpointError: see :func:`if_graph.models.x4.renamed.fill_renamed`.
    """
    fill_renamed(model, files, device, dtype, lambda name: name.removeprefix(TEXT_PREFIX), stay)
    for module in model.modules():
        rows = module._buffers.get(ROW_NUMBERS)
        if rows is not None:
            numbers = torch.arange(rows.numel(), device=device).reshape(rows.shape)
            module.register_buffer(ROW_NUMBERS, numbers, persistent=False)
