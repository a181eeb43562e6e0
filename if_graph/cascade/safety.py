"""Pictures are checked for what the weights' licence forbids to show, and hidden where it is found."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from if_graph.errors import InputError
from if_graph.levels import to_levels
from if_graph.models.placement import Placement
from if_graph.models.safety import SafetyNet
from if_graph.residency import let_go

READINGS = ("logit", "sigmoid")
"""What a threshold is compared with: the raw score (published pipelines), or its sigmoid (original code)."""

ACTIONS = ("black", "blur")

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)  # preprocessor_config.json of the IF feature extractor
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

BLUR_KERNEL, BLUR_SIGMA = 99, 100.0  # deepfloyd_if, what it does to a hit


@dataclass(frozen=True)
class Verdict:
    """What was found, picture by picture.

    Args:
        nsfw: whether a picture is not safe for work.
        watermarked: whether it shows somebody's watermark.
    """

    nsfw: tuple[bool, ...]
    watermarked: tuple[bool, ...]

    @property
    def flags(self) -> tuple[bool, ...]:
        """Whether a picture must not be shown, for either reason."""
        return tuple(a or b for a, b in zip(self.nsfw, self.watermarked, strict=True))


@dataclass(frozen=True)
class SafetyChecker:
    """The network, and where it runs."""

    net: SafetyNet
    placement: Placement

    def offload(self) -> None:
        """Let the weights go, if they can come back."""
        let_go(self.net)

    @torch.no_grad()
    def check(
        self, pixels: Tensor, reading: str = "logit", p_threshold: float = 0.5, w_threshold: float = 0.5
    ) -> Verdict:
        """Judge pixels [B, 3, H, W], -1..1.

        A threshold of 0.5 is a probability of 0.62 on the logit and of 0.5 on the sigmoid, which hides more.

        Args:
            pixels: the pictures, of any size.
            reading: one of ``READINGS``.
            p_threshold: above it a picture counts as not safe for work.
            w_threshold: above it a picture counts as watermarked.

        Raises:
            InputError: if ``reading`` is unknown.
        """
        if reading not in READINGS:
            raise InputError(f"safety reading is {reading!r}, expected one of {', '.join(READINGS)}")
        views = torch.cat([clip_view(row, self.net.side) for row in pixels])
        scores = self.net(views.to(self.placement.device, self.placement.dtype))
        nsfw, watermarked = (score.float().sigmoid() if reading == "sigmoid" else score for score in scores)
        return Verdict(tuple((nsfw > p_threshold).tolist()), tuple((watermarked > w_threshold).tolist()))


def clip_view(pixels: Tensor, side: int) -> Tensor:
    """Turn one picture [3, H, W], -1..1 into what CLIP sees, [1, 3, side, side]."""
    return normalised(clip_levels(pixels, side)[None])


def clip_levels(pixels: Tensor, side: int) -> Tensor:
    """Turn one picture [3, H, W], -1..1 into 8-bit levels [3, side, side].

    Bicubic to a short side of ``side``, then the middle cut out.

    Source: Radford et al. 2021 (arXiv:2103.00020); rounding as in the published pipelines.
    """
    picture = Image.fromarray(to_levels(pixels[None])[0])
    short = min(picture.size)
    width, height = (int(side * length / short) for length in picture.size)
    left, top = (width - side) // 2, (height - side) // 2
    view = picture.resize((width, height), Image.Resampling.BICUBIC)
    view = view.crop((left, top, left + side, top + side))
    return torch.from_numpy(np.array(view)).permute(2, 0, 1)


def normalised(levels: Tensor) -> Tensor:
    """Bring 8-bit levels [B, 3, side, side] to CLIP's mean and deviation."""
    mean, std = torch.tensor(CLIP_MEAN)[:, None, None], torch.tensor(CLIP_STD)[:, None, None]
    return (levels.float() / 255 - mean) / std


def hide(pixels: Tensor, action: str = "black") -> Tensor:
    """Make pixels [B, 3, H, W], -1..1 unrecognisable.

    Raises:
        InputError: if ``action`` is not one of ``ACTIONS``.
    """
    if action not in ACTIONS:
        raise InputError(f"safety action is {action!r}, expected one of {', '.join(ACTIONS)}")
    if action == "black":
        return torch.full_like(pixels, -1.0)
    return blur(blur(pixels).transpose(2, 3)).transpose(2, 3)


def blur(pixels: Tensor) -> Tensor:
    """Blur rows of pixels [B, 3, H, W]; a picture narrower than half the kernel takes a smaller one."""
    reach = min(BLUR_KERNEL // 2, pixels.shape[3] - 1)  # reflected borders cannot be wider
    offsets = torch.arange(-reach, reach + 1, dtype=torch.float32, device=pixels.device)
    weights = torch.exp(-0.5 * (offsets / BLUR_SIGMA) ** 2)
    kernel = (weights / weights.sum()).repeat(3, 1, 1, 1)  # [3, 1, 1, K]
    return F.conv2d(F.pad(pixels, (reach, reach, 0, 0), mode="reflect"), kernel, groups=3)
