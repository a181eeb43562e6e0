"""The checker's network learns its two scores, and on the way the names of all it sees."""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from if_graph.models.safety import SafetyNet
from if_graph.training.descent import Descent
from if_graph.training.safety.drawn import NAMES
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
BATCH = 64
PEAK_RATE = 1.5e-3
NOISE = 0.2  # largest deviation of noise laid over the normalised views: painted pictures are not clean


def new_safety_net(tower: dict[str, Any]) -> SafetyNet:
    """Build a checker with fresh weights from the fields of a ``vision_config``."""
    config = CLIPVisionConfig.from_dict(tower, attn_implementation="eager")
    return SafetyNet(CLIPVisionModelWithProjection(config), config.projection_dim, config.image_size)


def teach_safety(net: SafetyNet, pictures: SafetyPictures, steps: int, seed: int) -> Iterator[float]:
    """Train ``net``, changed in place; yields each step's loss.

    A tower from scratch finds "is anything here unwanted?" hard to start with; naming what it sees teaches it
    to look, and that read-out is thrown away.

    Args:
        net: a fresh checker.
        pictures: labelled pictures at the tower's size.
        steps: optimiser steps of 64 pictures.
        seed: decides pictures and noise.
    """
    generator = torch.Generator().manual_seed(seed)
    names = nn.Linear(net.p_head.in_features, len(NAMES))
    descent = Descent([*net.parameters(), *names.parameters()], PEAK_RATE, steps, weight_decay=0.05)
    net.train()
    for _ in range(steps):
        batch = pictures.batch(torch.randint(0, len(pictures), (BATCH,), generator=generator).tolist())
        deviation = NOISE * torch.rand(BATCH, 1, 1, 1, generator=generator)
        views = batch.views + deviation * torch.randn(batch.views.shape, generator=generator)
        embeds = net.vision_model(views).image_embeds
        scores = torch.cat([net.p_head(embeds), net.w_head(embeds)], dim=1)
        loss = F.binary_cross_entropy_with_logits(scores, torch.stack([batch.unwanted, batch.marked], dim=1))
        yield descent.step(loss + 4 * F.binary_cross_entropy_with_logits(names(embeds), batch.shown))
    net.eval()
