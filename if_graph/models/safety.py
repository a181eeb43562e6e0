"""The safety checker of the IF checkpoints: small normalised pictures become two scores each."""

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from if_graph.errors import CheckpointError
from if_graph.models.placement import Placement
from if_graph.models.x4.clip import build_clip, fill_clip
from if_graph.weights import find_weights


class SafetyNet(nn.Module):
    """A CLIP vision tower with its projection, and two linear heads; names are the checkpoint's keys.

    Args:
        tower: a transformers ``CLIPVisionModelWithProjection``.
        width: of the projection.
        side: of the square pictures that the tower sees, in pixels.
    """

    def __init__(self, tower: nn.Module, width: int, side: int) -> None:
        super().__init__()
        self.side = side
        self.vision_model = tower
        self.p_head = nn.Linear(width, 1)
        self.w_head = nn.Linear(width, 1)

    def forward(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """Map normalised views [B, 3, side, side] to logits (not safe for work, watermarked), each [B]."""
        embeds = self.vision_model(views).image_embeds  # not normalised, as the heads were trained
        return self.p_head(embeds)[:, 0], self.w_head(embeds)[:, 0]


def load_safety_net(folder: Path, placement: Placement, variant: str | None = None) -> SafetyNet:
    """Load ``folder``/safety_checker; reads local safetensors only, never a pickle.

    Raises:
        CheckpointError: if something is missing or does not fit.
    """
    safety_folder = folder / "safety_checker"
    if not safety_folder.is_dir():
        raise CheckpointError(
            f"{folder}: got no safety_checker folder, expected that of the first IF stage; download it too"
        )
    files = find_weights(safety_folder, "model", variant)
    net = build_clip(safety_folder / "config.json", _build)
    fill_clip(net, files, placement.device, placement.dtype, placement.stay)
    return net


def _build(fields: dict[str, Any]) -> SafetyNet:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection  # takes seconds

    vision = fields["vision_config"]
    # eager: the same sums in every version of transformers
    config = CLIPVisionConfig.from_dict(vision, attn_implementation="eager")
    return SafetyNet(CLIPVisionModelWithProjection(config), config.projection_dim, config.image_size)
