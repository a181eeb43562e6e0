"""The checker's network learns its two scores, and on the way the names of all it sees."""

from collections.abc import Iterator
from typing import Any

import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from if_graph.models.safety import SafetyNet
from if_graph.training.descent import Descent
from if_graph.training.safety.lesson import SafetyLesson, varied
from if_graph.training.safety.pictures import SafetyPictures

TOWER: dict[str, Any] = {
    "hidden_size": 96,
    "intermediate_size": 256,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "image_size": 96,
    "patch_size": 12,
    "projection_dim": 64,
}
GRID = TOWER["image_size"] // TOWER["patch_size"]
BATCH = 32
PEAK_RATE = 1.5e-3
NOISE = 0.2  # largest deviation of noise laid over the normalised views: painted pictures are not clean


def new_safety_net(tower: dict[str, Any]) -> SafetyNet:
    """Build a checker with fresh weights from the fields of a ``vision_config``."""
    config = CLIPVisionConfig.from_dict(tower, attn_implementation="eager")
    return SafetyNet(CLIPVisionModelWithProjection(config), config.projection_dim, config.image_size)


def teach_safety(net: SafetyNet, pictures: SafetyPictures, steps: int, seed: int) -> Iterator[float]:
    """Train ``net``, changed in place; yields each step's loss.

    Args:
        net: a checker, fresh or taught before.
        pictures: labelled pictures at the tower's size.
        steps: optimiser steps of 32 pictures.
        seed: decides pictures and noise.
    """
    generator = torch.Generator().manual_seed(seed)
    lesson = SafetyLesson(net)
    descent = Descent(lesson.parameters(), PEAK_RATE, steps, weight_decay=0.05)
    net.train()
    for _ in range(steps):
        chosen = torch.randint(0, len(pictures), (BATCH,), generator=generator).tolist()
        yield descent.step(lesson(varied(pictures.batch(chosen), NOISE, generator)))
    net.eval()
