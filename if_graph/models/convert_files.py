"""One stage on disk, in the original layout, a published folder or a single file -> its parts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from if_graph.errors import CheckpointError
from if_graph.models.checkpoint import STEM, read_json
from if_graph.models.config import UNetConfig, config_from_json
from if_graph.models.convert import check_shapes, from_original, is_original
from if_graph.models.convert_read import read_params, read_tensors
from if_graph.models.shapes import fields_from_shapes
from if_graph.weights import find_weights

SCHEDULER = {
    "_class_name": "DDPMScheduler",
    "num_train_timesteps": 1000,
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "epsilon",
    "variance_type": "learned_range",
    "clip_sample": True,
    "thresholding": True,
    "dynamic_thresholding_ratio": 0.95,
    "sample_max_value": 1.5,
    "lambda_min_clipped": -5.1,
}
"""``scheduler_config.json`` of Stage I as published; the original release keeps these in its code."""

NOISING = {"_class_name": "DDPMScheduler", "num_train_timesteps": 1000, "beta_schedule": "squaredcos_cap_v2"}
"""``scheduler_config.json`` of a super-resolution stage's low-res noise."""

METADATA = "if_graph"
"""Entry of a single file's metadata that holds config and schedulers as JSON."""

_SCHEDULERS = ("scheduler", "image_noising_scheduler")


@dataclass(frozen=True)
class StageFiles:
    """One stage, whatever the layout it came from.

    Args:
        config: its network.
        tensors: weights under the published names.
        schedulers: ``scheduler_config.json`` by the name of its folder.
    """

    config: UNetConfig
    tensors: Mapping[str, Tensor]
    schedulers: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def to(self, dtype: torch.dtype) -> "StageFiles":
        """Return the same stage with weights of another type."""
        return replace(self, tensors={name: tensor.to(dtype) for name, tensor in self.tensors.items()})


def read_stage_files(path: Path) -> StageFiles:
    """Read a stage.

    Args:
        path: a folder in the published layout; a folder with the original ``pytorch_model.bin`` and
            ``config.yml``; or a single file of either, safetensors or (original only) a pickle, of which
            tensors alone are read.

    Raises:
        CheckpointError: if it is none of these, or tensors are missing or left over.
    """
    if (path / "unet").is_dir():
        return _from_folder(path)
    file, tensors = read_tensors(path)
    try:
        if is_original(tensors):
            config, converted = from_original(tensors, read_params(file.parent / "config.yml"))
            return StageFiles(config, converted, _published_schedulers(config))
        return _from_file(file, tensors)
    except CheckpointError as error:
        raise CheckpointError(f"{file}: {error}") from error


def _published_schedulers(config: UNetConfig) -> dict[str, dict[str, Any]]:
    if not config.embeds_noise_level:
        return {"scheduler": SCHEDULER}
    return {"scheduler": SCHEDULER | {"sample_max_value": 1.0}, "image_noising_scheduler": NOISING}


def _from_folder(path: Path) -> StageFiles:
    tensors: dict[str, Tensor] = {}
    for file in find_weights(path / "unet", STEM):
        tensors |= read_tensors(file)[1]
    config = _config(tensors, read_json(path / "unet" / "config.json"))
    found = {name: read_json(path / name / "scheduler_config.json") for name in _SCHEDULERS}
    return StageFiles(config, tensors, {name: data for name, data in found.items() if data})


def _from_file(file: Path, tensors: Mapping[str, Tensor]) -> StageFiles:
    try:
        with safe_open(file, framework="pt") as opened:
            extra = json.loads((opened.metadata() or {}).get(METADATA, "{}"))
            config = _config(tensors, extra.pop("config", {}))
    except (SafetensorError, ValueError, AttributeError) as error:
        raise CheckpointError(f"got unreadable metadata ({error}), convert the file anew") from error
    return StageFiles(config, tensors, extra or _published_schedulers(config))


def _config(tensors: Mapping[str, Tensor], fields: Mapping[str, Any]) -> UNetConfig:
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    config = config_from_json({**fields_from_shapes(shapes), **fields})
    check_shapes(tensors, config)
    return config
