"""What every sampler is given for one step."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Past:
    """An earlier step: its noise level, its estimate of x_0 and where it stood."""

    alpha_bar: Tensor
    x_0: Tensor
    x_t: Tensor


@dataclass(frozen=True)
class Step:
    """One step, before it is taken.

    Args:
        x_t: noisy pixels [B, C, H, W].
        x_0: the model's clean estimate, already brought into range.
        v: the model's log-variance interpolation, or None where it predicts none.
        t: timestep the model was told.
        alpha_bar: noise level of ``x_t``, 0-dim.
        alpha_bar_next: noise level to arrive at; 1 on the last step.
        variance_type: how to read ``v``, or which fixed variance to use.
        draw: returns fresh standard normal noise like ``x_t``; each call advances the generator.
        past: earlier steps of this run, newest last.
        eta: share of DDPM's noise that an otherwise deterministic sampler adds, 0..1.
        eps: returns the noise the model predicted; None, where it predicts x_0: it follows from ``x_0``.
    """

    x_t: Tensor
    x_0: Tensor
    v: Tensor | None
    t: int
    alpha_bar: Tensor
    alpha_bar_next: Tensor
    variance_type: str
    draw: Callable[[], Tensor]
    past: tuple[Past, ...] = ()
    eta: float = 0.0
    eps: Callable[[], Tensor] | None = None


Sampler = Callable[[Step], Tensor]
"""Takes one step: returns x at the next noise level. Pure but for the noise it draws."""
