"""A checkpoint's ``unet`` folder becomes a network: config read or derived, weights mapped and checked."""

import json
from pathlib import Path
from typing import Any

from if_graph.errors import CheckpointError
from if_graph.mapped import read_shapes
from if_graph.models.config import UNetConfig, config_from_json
from if_graph.models.placement import Placement
from if_graph.models.shapes import fields_from_shapes
from if_graph.models.unet import UNet, build_on_meta
from if_graph.weights import fill_weights, find_weights

STEM = "diffusion_pytorch_model"


def load_unet(folder: Path, placement: Placement, variant: str | None = None) -> UNet:
    """Load the network in ``folder``/unet; reads local safetensors only, never a pickle.

    Args:
        folder: a checkpoint folder in the published layout.
        placement: where the weights go, in which type, and how long they stay.
        variant: load these files, for example ``fp16``; None takes the most precise ones there.

    Raises:
        CheckpointError: if something is missing or left over; the message lists it.
    """
    unet_folder = folder / "unet"
    if not unet_folder.is_dir():
        raise CheckpointError(f"{folder}: got no unet folder, expected a checkpoint in the published layout")
    files = find_weights(unet_folder, STEM, variant)
    unet = build_on_meta(read_config(unet_folder / "config.json", files))
    fill_weights(unet, files, placement.device, lambda _: placement.dtype, stay=placement.stay)
    return unet


def read_config(path: Path, files: tuple[Path, ...]) -> UNetConfig:
    """Read ``config.json``; fields it lacks, or the whole of an absent one, come from the tensor shapes.

    Raises:
        CheckpointError: if it is not JSON, or describes no IF network.
    """
    return config_from_json(fields_from_shapes(read_shapes(files)) | read_json(path))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; an absent file is an empty one.

    Raises:
        CheckpointError: if the file is no JSON object.
    """
    if not path.exists():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: {error}; download the file again") from error
    if not isinstance(data, dict):
        raise CheckpointError(
            f"{path}: got {type(data).__name__}, expected a JSON object; download the file again"
        )
    return data
