"""A trained network becomes a checkpoint folder in the published layout."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from if_graph.files import unfinished
from if_graph.models.config import config_to_json
from if_graph.tensor_files import write_tensors
from if_graph.text.known_words import FILE
from if_graph.training.recipe import Recipe
from if_graph.training.trainable import Trainable
from if_graph.training.words import world_words


def export(model: Trainable, recipe: Recipe, spiece: Path, folder: Path) -> None:
    """Write ``unet/``, ``scheduler/`` and, where trained, ``text_encoder/``, ``tokenizer/`` and its words.

    Args:
        model: holding the weights to export.
        recipe: of the run.
        spiece: the SentencePiece model.
        folder: created if need be.
    """
    write_weights(model.unet, folder / "unet" / "diffusion_pytorch_model.safetensors")
    write_json(config_to_json(model.unet.config), folder / "unet" / "config.json")
    write_json(recipe.scheduler, folder / "scheduler" / "scheduler_config.json")
    if recipe.low_side is not None:
        noising = {"_class_name": "DDPMScheduler", "beta_schedule": recipe.scheduler["beta_schedule"]}
        write_json(noising, folder / "image_noising_scheduler" / "scheduler_config.json")
    if model.trains_text:
        if recipe.data.get("kind") == "world":
            write_json(world_words(), folder / FILE)
        export_text(model.text_encoder, spiece, folder)


def export_text(encoder: nn.Module, spiece: Path, folder: Path) -> None:
    """Write ``text_encoder/`` and ``tokenizer/``; the tokenizer is last, so where it is, all is."""
    write_weights(encoder, folder / "text_encoder" / "model.safetensors")
    config: Any = encoder.config
    data = config.to_dict() | {"architectures": ["T5EncoderModel"], "dtype": "float16"}
    write_json(data, folder / "text_encoder" / "config.json")
    (folder / "tokenizer").mkdir(parents=True, exist_ok=True)
    with unfinished(folder / "tokenizer" / "spiece.model") as part:
        shutil.copyfile(spiece, part)


def write_weights(module: nn.Module, path: Path) -> None:
    """Write a network's parameters in float16 as safetensors, creating the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: parameter.to(torch.float16) for name, parameter in module.named_parameters()}
    with unfinished(path) as part:
        write_tensors(tensors, part)


def write_json(data: Mapping[str, Any], path: Path) -> None:
    """Write fields as a JSON file, creating the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with unfinished(path) as part:
        part.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")
