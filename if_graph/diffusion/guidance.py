"""Classifier-free guidance: two predictions become one."""

import torch
from torch import Tensor


def guide(prediction: Tensor, guidance_scale: float, channels: int) -> Tensor:
    """Mix the halves of a doubled batch.

    Args:
        prediction: model output for rows [uncond ; cond], [2B, channels or more, H, W].
        guidance_scale: 1 keeps the conditional prediction; higher follows the prompt more.
        channels: leading channels that are mixed; the rest (variance) is taken from the conditional rows.

    Returns:
        [B, C, H, W].

    Source: Ho & Salimans 2022 (arXiv:2207.12598); variance handling as in the published pipelines.
    """
    uncond, cond = prediction.chunk(2)
    mixed = uncond[:, :channels] + guidance_scale * (cond[:, :channels] - uncond[:, :channels])
    return torch.cat([mixed, cond[:, channels:]], dim=1)
