"""The picture a super-resolution stage starts from: enlarged, and noised to a stated level."""

import torch.nn.functional as F
from torch import Tensor

from if_graph.diffusion.gaussian import add_noise
from if_graph.diffusion.schedule import Diffusion
from if_graph.errors import InputError


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
