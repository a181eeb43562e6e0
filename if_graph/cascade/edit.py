"""Image to image: a picture becomes the starting point of a stage, and a mask protects what must stay."""

from dataclasses import dataclass

from torch import Tensor

from if_graph.diffusion.gaussian import add_noise
from if_graph.diffusion.samplers.masked import keep_as_is, keep_renoised
from if_graph.diffusion.samplers.step import Sampler
from if_graph.diffusion.trajectory import Trajectory
from if_graph.errors import InputError

KNOWN_REGIONS = ("renoised", "clean")
"""What the network sees where the mask protects the picture; see :class:`Start`."""


@dataclass(frozen=True, eq=False)
class Start:
    """A picture to start from; noised by the stage, on its own table, schedule and seed.

    The protected region is kept ``renoised`` by default: at every step it is brought to that step's noise
    level, which is what the network was trained on. ``clean``, as in the published pipelines, shows it
    clean pixels and a high timestep; it then takes them for noise, its estimate of x_0 there goes out of
    range, and dynamic thresholding, which takes one divisor for the whole picture, pales the repainted
    part as well. The result holds the picture itself in the protected region either way.

    Args:
        pixels: clean pixels, [B, 3, H, W] or [1, 3, H, W], -1..1.
        strength: share of the schedule that is run, above 0 and up to 1; 1 forgets almost everything.
        mask: 1 where to repaint, [B, 1, H, W] or [1, 1, H, W]; anything from 0.5 up counts as 1. None
            repaints everywhere.
        known_region: one of ``KNOWN_REGIONS``.
        less_noise: noise the picture to the level this many steps further on than the run starts, which
            keeps more of it (``support_noise_less_qsample_steps`` of the original).

    Raises:
        InputError: on construction, if a value is out of range or the mask does not fit the picture.
    """

    pixels: Tensor
    strength: float = 0.7
    mask: Tensor | None = None
    known_region: str = "renoised"
    less_noise: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise InputError(f"strength is {self.strength}, expected 0 to 1; 0.7 keeps the layout")
        if self.known_region not in KNOWN_REGIONS:
            raise InputError(
                f"known_region is {self.known_region!r}, expected one of {', '.join(KNOWN_REGIONS)}"
            )
        if self.pixels.ndim != 4 or self.pixels.shape[1] != 3:
            raise InputError(f"start picture has shape {list(self.pixels.shape)}, expected [B, 3, H, W]")
        if self.mask is not None:
            check_mask(self.mask, self.pixels)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the picture."""
        return self.pixels.shape[2], self.pixels.shape[3]

    def shortened(self, trajectory: Trajectory) -> Trajectory:
        """Leave out the steps that ``strength`` skips.

        Raises:
            InputError: if no step is left, or fewer than ``less_noise`` asks for.
        """
        total = len(trajectory)
        kept = min(int(total * self.strength), total)
        if kept == 0:
            raise InputError(
                f"strength {self.strength} of {total} steps leaves none to run; take {1 / total:.3g} or more"
            )
        if not 0 <= self.less_noise < kept:
            raise InputError(
                f"less_noise is {self.less_noise}, expected 0 to {kept - 1}, the steps run less 1"
            )
        return trajectory.after(total - kept)

    def noised(self, noise: Tensor, trajectory: Trajectory) -> Tensor:
        """Return x_t at the start of the shortened ``trajectory``, [B, 3, H, W] like ``noise``."""
        pixels = self.pixels.to(noise)
        x_t = add_noise(pixels, noise, trajectory.alpha_bar[self.less_noise])
        if self.mask is None or self.known_region == "renoised":
            return x_t
        mask = binary(self.mask.to(noise))
        return (1 - mask) * pixels + mask * x_t

    def protecting(self, sampler: Sampler, like: Tensor) -> Sampler:
        """Wrap ``sampler`` so that the mask is respected on every step; device and type as ``like``."""
        if self.mask is None:
            return sampler
        mask = binary(self.mask.to(like))
        if self.known_region == "clean":
            return keep_as_is(sampler, mask)
        return keep_renoised(sampler, mask, self.pixels.to(like))


def binary(mask: Tensor) -> Tensor:
    """Round a mask to 0 and 1; 0.5 counts as 1, as in the published pipelines."""
    return (mask >= 0.5).to(mask.dtype)


def check_mask(mask: Tensor, pixels: Tensor) -> None:
    """Refuse a mask [B, 1, H, W] that does not fit its picture.

    Raises:
        InputError: naming both sizes.
    """
    if mask.ndim != 4 or mask.shape[1] != 1:
        raise InputError(f"mask has shape {list(mask.shape)}, expected [B, 1, H, W]")
    if mask.shape[2:] != pixels.shape[2:]:
        sizes = [f"{shape[3]} x {shape[2]}" for shape in (mask.shape, pixels.shape)]
        raise InputError(
            f"mask is {sizes[0]} pixels and the picture {sizes[1]}, expected one size; "
            "draw the mask on this picture, or fit both with 'IF Fit Image'"
        )
    if len(mask) not in (1, len(pixels)) and len(pixels) != 1:
        raise InputError(f"got {len(mask)} masks for {len(pixels)} pictures, expected 1 or {len(pixels)}")
