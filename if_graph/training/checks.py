"""A recipe's networks are built without memory first, so that mistakes show before anything is written."""

from pathlib import Path

import torch

from if_graph.cascade.stage import check_size
from if_graph.diffusion.schedule import diffusion_from_json
from if_graph.errors import IFGraphError, InputError
from if_graph.models.config import UNetConfig, config_from_json
from if_graph.models.unet import UNet
from if_graph.training.recipe import Recipe
from if_graph.training.trainable import new_text_encoder


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe whose parts do not fit each other.

    Raises:
        InputError: saying which.
        CheckpointError: if the network or the schedule is none of the IF family.
    """
    config = config_from_json(recipe.unet)
    diffusion_from_json(recipe.scheduler)
    _check_pictures(recipe, config)
    _check_speed(recipe)
    _check_text(recipe, config)
    try:
        with torch.device("meta"):
            UNet(config)
            if recipe.text_encoder is not None:
                new_text_encoder(recipe.text_encoder, vocabulary=8)
    except Exception as error:  # whatever the libraries make of a bad size
        if isinstance(error, IFGraphError):
            raise
        raise InputError(f"recipe: no network can be built from it ({_first_line(error)})") from error


def _check_pictures(recipe: Recipe, config: UNetConfig) -> None:
    check_size((recipe.side, recipe.side), config.size_multiple)
    if config.embeds_noise_level != (recipe.low_side is not None):
        wanted = "a low_side" if config.embeds_noise_level else "no low_side"
        raise InputError(f"recipe: low_side is {recipe.low_side}, expected {wanted} for this network")
    channels = 6 if config.embeds_noise_level else 3
    if config.in_channels != channels or config.out_channels not in (3, 6):
        raise InputError(
            f"recipe: the network maps {config.in_channels} to {config.out_channels} channels, "
            f"expected {channels} to 3, or to 6 with a learned variance"
        )


def _check_speed(recipe: Recipe) -> None:
    if recipe.compile and recipe.gelu_bits is not None:  # a compiled network chooses what it keeps by itself
        raise InputError("recipe: compile is true and gelu_bits is set, expected one of the two")
    if recipe.shard_optimizer and recipe.optimizer == "muon":
        raise InputError("recipe: shard_optimizer is true and optimizer is muon, expected one of the two")


def _check_text(recipe: Recipe, config: UNetConfig) -> None:
    if recipe.text_encoder is None:
        _check_frozen(recipe.frozen_text_encoder)
        return
    width = recipe.text_encoder.get("d_model")
    if width != config.encoder_hid_dim:
        raise InputError(
            f"recipe: text_encoder has d_model {width!r}, expected the network's encoder_hid_dim "
            f"{config.encoder_hid_dim}"
        )


def _check_frozen(folder: str | None) -> None:
    if folder is None:
        raise InputError(
            "recipe: needs text_encoder to train one or frozen_text_encoder to use one; "
            "add --set frozen_text_encoder=DIR with a checkpoint folder"
        )
    if not (Path(folder) / "text_encoder").is_dir():
        raise InputError(
            f"recipe: frozen_text_encoder {folder} has no folder text_encoder, expected a checkpoint"
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
