"""Classifier-free guidance: two predictions, or three with a second prompt, become one."""

import torch
from torch import Tensor


def guide(
    prediction: Tensor,
    guidance_scale: float,
    channels: int,
    positive_mixer: float | None = None,
    rescale: float = 0.0,
) -> Tensor:
    """Mix the parts of a doubled or tripled batch.

    Args:
        prediction: model output for rows [uncond ; cond] or [uncond ; cond ; second cond],
            [2B or 3B, channels or more, H, W].
        guidance_scale: 1 keeps the conditional prediction; higher follows the prompt more.
        channels: leading channels that are mixed; the rest (variance) is taken from the conditional rows.
        positive_mixer: share of the second prompt, 0..1; None where there are two parts only.
        rescale: how far to bring the mix back to the contrast of the conditional prediction, 0..1.

    Returns:
        [B, C, H, W].

    Source: Ho & Salimans 2022 (arXiv:2207.12598); variance and second prompt as in the published pipelines.
    """
    uncond, cond, *second = prediction.chunk(2 if positive_mixer is None else 3)
    target = cond[:, :channels]
    if positive_mixer is not None:
        target = (1 - positive_mixer) * target + positive_mixer * second[0][:, :channels]
    mixed = uncond[:, :channels] + guidance_scale * (target - uncond[:, :channels])
    if rescale > 0:
        mixed = rescaled(mixed, target, rescale)
    return torch.cat([mixed, cond[:, channels:]], dim=1)


def rescaled(mixed: Tensor, target: Tensor, share: float) -> Tensor:
    """Give ``mixed`` [B, C, H, W] the standard deviation of ``target``, image by image, by ``share`` 0..1.

    Source: Lin et al. 2023, section 3.4 (arXiv:2305.08891).
    """
    dims = (1, 2, 3)
    ratio = target.std(dims, keepdim=True) / mixed.std(dims, keepdim=True)
    return share * (mixed * ratio) + (1 - share) * mixed
