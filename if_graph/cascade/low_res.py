"""The picture a super-resolution stage starts from: enlarged, and noised to a stated level."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from if_graph.diffusion.gaussian import add_noise
from if_graph.diffusion.schedule import Diffusion
from if_graph.errors import InputError

LOW_RES_NOISES = ("once", "every step")
"""When the low-res picture is noised; see :class:`Condition`."""


@dataclass(frozen=True, eq=False)
class Condition:
    """What a super-resolution network sees beside x_t.

    ``once`` is the default: guidance then compares two predictions that saw the same picture, where fresh
    noise for each would be amplified by the scale; and it is what the published pipelines do. ``every
    step``, as in the original code, averages the noise out over the run, which stays a little closer to
    the low-res picture.

    Args:
        pixels: enlarged pixels [B, 3, H, W]; noised already where ``draw`` is None.
        level: their noise level as a timestep.
        noising: noise table of the condition.
        draw: gives fresh noise like ``pixels`` for every row of every call.
    """

    pixels: Tensor
    level: int
    noising: Diffusion
    draw: Callable[[], Tensor] | None = None

    def rows(self, copies: int) -> Tensor:
        """Return the condition for a batch of ``copies`` times B rows."""
        if self.draw is None:
            return repeated(self.pixels, copies)
        fresh = [noised(self.pixels, self.draw(), self.level, self.noising) for _ in range(copies)]
        return torch.cat(fresh)


def repeated(pixels: Tensor, copies: int) -> Tensor:
    """Repeat a batch ``copies`` times, [copies * B, C, H, W]; one copy is the batch itself."""
    return pixels if copies == 1 else pixels.repeat(copies, 1, 1, 1)


def enlarge(low_res: Tensor, size: tuple[int, int]) -> Tensor:
    """Enlarge pixels [B, 3, h, w] to [B, 3, H, W], bilinear with aligned corners, as in training."""
    return F.interpolate(low_res, size=size, mode="bilinear", align_corners=True)


def level_index(noise_level: float, diffusion: Diffusion) -> int:
    """Turn a noise level 0..1 into the timestep of that level (0.25 is 250 of 1000).

    Raises:
        InputError: if the level is outside [0, 1].
    """
    if not 0 <= noise_level <= 1:
        raise InputError(f"noise_level is {noise_level}, expected 0 to 1; 0.25 is the published default")
    return min(int(noise_level * diffusion.train_steps), diffusion.train_steps - 1)


def noised(low_res: Tensor, noise: Tensor, level: int, diffusion: Diffusion) -> Tensor:
    """Noise enlarged pixels to timestep ``level`` of the noising schedule; level 0 still adds a trace."""
    return add_noise(low_res, noise, diffusion.alpha_bar[level])


def blurred(pixels: Tensor, sigma: float) -> Tensor:
    """Blur pixels [B, 3, h, w] by a Gaussian of 3 x 3 taps, mirrored at the edges; 0 leaves them alone.

    Source: ``blur_sigma`` of deepfloyd_if.
    """
    if sigma == 0:
        return pixels
    taps = torch.exp(-0.5 * (torch.tensor([-1.0, 0.0, 1.0], device=pixels.device) / sigma) ** 2)
    kernel = torch.outer(taps, taps) / taps.sum() ** 2
    channels = pixels.shape[1]
    padded = F.pad(pixels, (1, 1, 1, 1), mode="reflect")
    return F.conv2d(padded, kernel.expand(channels, 1, 3, 3), groups=channels)
