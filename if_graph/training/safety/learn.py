"""The checker's network learns its two scores, and on the way the names of all it sees."""

from collections.abc import Iterator
from typing import Any

import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from if_graph.models.safety import SafetyNet
from if_graph.training.descent import Descent
from if_graph.training.muon import MuonAndAdamW
from if_graph.training.safety.lesson import SafetyLesson, varied
from if_graph.training.safety.pictures import SafetyPictures

TOWER: dict[str, Any] = {
    "hidden_size": 96,
    "intermediate_size": 256,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "image_size": 96,
    "patch_size": 8,
    "projection_dim": 64,
}
GRID = TOWER["image_size"] // TOWER["patch_size"]
BATCH = 64
PEAK_RATE = 2e-3
BETAS, WEIGHT_DECAY = (0.9, 0.99), 0.05
NOISE = 0.2  # largest deviation of noise laid over the normalised views: painted pictures are not clean


def new_safety_net(tower: dict[str, Any]) -> SafetyNet:
    """Build a checker with fresh weights from the fields of a ``vision_config``."""
    config = CLIPVisionConfig.from_dict(dict(tower), attn_implementation="sdpa")
    return SafetyNet(CLIPVisionModelWithProjection(config), config.projection_dim, config.image_size)


def teach_safety(
    net: SafetyNet, pictures: SafetyPictures, steps: int, seed: int, bfloat16: bool = False
) -> Iterator[float]:
    """Train ``net``, changed in place; yields each step's loss.

    Args:
        net: a checker, fresh or taught before.
        pictures: labelled pictures at the tower's size.
        steps: optimiser steps of 64 pictures.
        seed: decides pictures and noise.
        bfloat16: whether products are taken in it, for CPUs that multiply it in hardware.
    """
    generator = torch.Generator().manual_seed(seed)
    lesson = SafetyLesson(net)
    optimizer = MuonAndAdamW(lesson.parameters(), PEAK_RATE, BETAS, WEIGHT_DECAY)
    descent = Descent(lesson.parameters(), optimizer, steps)
    net.train()
    for _ in range(steps):
        chosen = torch.randint(0, len(pictures), (BATCH,), generator=generator).tolist()
        batch = varied(pictures.batch(chosen), NOISE, generator)
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            loss = lesson(batch)
        yield descent.step(loss)
    net.eval()
