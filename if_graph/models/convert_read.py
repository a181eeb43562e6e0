"""A weights file, safetensors or pickle, -> its tensors; an original ``config.yml`` -> its params."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from if_graph.errors import CheckpointError
from if_graph.models.config import SUPER_RES_SCALE

PICKLES = (".bin", ".pt", ".pth", ".ckpt")
_NAMES = ("pytorch_model.bin", "pytorch_model.safetensors", "model.safetensors")


def read_tensors(path: Path) -> tuple[Path, dict[str, Tensor]]:
    """Read a file of tensors, or the one that a folder in the original layout holds.

    Returns:
        The file and its tensors by name. A pickle is read without running any code in it, and mapped where
        its format allows.

    Raises:
        CheckpointError: if there is no such file, or it holds anything but tensors.
    """
    file = _weights_file(path)
    try:
        tensors: Any = load_file(file) if file.suffix == ".safetensors" else _unpickle(file)
    except (SafetensorError, OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(
            f"{file}: got no readable file of tensors ({reason}); download it again"
        ) from error
    if not isinstance(tensors, Mapping) or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise CheckpointError(f"{file}: got other things than tensors, expected the network's weights only")
    return file, dict(tensors)


def _weights_file(path: Path) -> Path:
    if path.is_dir():
        found = next((path / name for name in _NAMES if (path / name).is_file()), None)
        if found is None:
            raise CheckpointError(f"{path}: got neither a unet folder nor {' nor '.join(_NAMES)}")
        return found
    if not path.is_file() or path.suffix not in (".safetensors", *PICKLES):
        raise CheckpointError(
            f"{path}: got no weights, expected a folder or a file that ends in .safetensors, "
            f"{', '.join(PICKLES)}"
        )
    return path


def _unpickle(file: Path) -> Any:
    try:
        return torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError:  # files older than torch 1.6 cannot be mapped
        return torch.load(file, map_location="cpu", weights_only=True)


def read_params(path: Path) -> dict[str, Any]:
    """Read ``params`` of an original ``config.yml``; an absent file is an empty one.

    Raises:
        CheckpointError: if it is no such file.
    """
    if not path.is_file():
        return {}
    import yaml  # comes with transformers

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return dict(data.get("params", data))
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path.name}: got no settings in YAML; download it again") from error


def fields_from_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Turn ``params`` of an original ``config.yml`` into the config fields that shapes cannot tell.

    Raises:
        CheckpointError: if it asks for something no released network has.
    """
    if params.get("activation", "gelu") != "gelu" or params.get("num_head_channels", 64) == -1:
        raise CheckpointError(
            f"config.yml: got activation {params.get('activation')!r} and num_head_channels "
            f"{params.get('num_head_channels')!r}, expected 'gelu' and a width, as every released network has"
        )
    names = {
        "image_size": "sample_size",
        "num_head_channels": "attention_head_dim",
        "att_pool_heads": "addition_embed_type_num_heads",
        "efficient_activation": "resnet_skip_time_act",
    }
    fields = {ours: params[theirs] for theirs, ours in names.items() if theirs in params}
    if "efficient_activation" in params:
        fields["time_embedding_act_fn"] = "gelu" if params["efficient_activation"] else None
    if "scale_skip_connection" in params:
        scale = SUPER_RES_SCALE if params["scale_skip_connection"] else 1.0
        fields |= {"resnet_out_scale_factor": scale, "mid_block_scale_factor": scale}
    return fields
