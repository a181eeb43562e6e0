"""A checkpoint folder in the layout of the x4 upscaler is recognised and loaded."""

from pathlib import Path

from if_graph.cascade.stage import Stage, load_stage
from if_graph.cascade.upscaler import Upscaler
from if_graph.cascade.upscaler_schedule import load_schedule
from if_graph.models.checkpoint import read_json
from if_graph.models.placement import Placement
from if_graph.models.x4.text import load_clip_text
from if_graph.models.x4.unet import load_upscaler_unet
from if_graph.models.x4.vae import load_vae


def is_upscaler(folder: Path) -> bool:
    """Tell an x4 upscaler from an IF stage: only the former embeds its noise level by a table."""
    return bool(read_json(folder / "unet" / "config.json").get("num_class_embeds"))


def load_any_stage(folder: Path, placement: Placement, variant: str | None = None) -> Stage | Upscaler:
    """Load whichever network ``folder`` holds; both answer the same requests.

    Raises:
        CheckpointError: if something is missing or does not fit.
    """
    load = load_upscaler if is_upscaler(folder) else load_stage
    return load(folder, placement, variant)


def load_upscaler(folder: Path, placement: Placement, variant: str | None = None) -> Upscaler:
    """Load an x4 upscaler from a checkpoint folder in the published layout.

    Args:
        folder: holds ``unet/``, ``vae/``, ``text_encoder/``, ``tokenizer/`` and the two schedulers.
        placement: where the networks go.
        variant: of the weight files; None takes the most precise ones there.

    Raises:
        CheckpointError: if something is missing or does not fit.
    """
    return Upscaler(
        load_upscaler_unet(folder, placement, variant),
        load_vae(folder, placement, variant),
        load_clip_text(folder, placement, variant),
        load_schedule(folder),
        placement,
    )
