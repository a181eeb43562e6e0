"""UniPC of order 2: every evaluation also corrects the step that led to it."""

from dataclasses import replace

from torch import Tensor

from if_graph.diffusion.samplers.dpmpp import dpmpp_2m
from if_graph.diffusion.samplers.step import Step
from if_graph.diffusion.trajectory import log_snr_of


def unipc(step: Step) -> Tensor:
    """Correct where the run stands with the estimate made there, then predict on.

    With B(h) = exp(h) - 1 the predictor of order 2 is DPM-Solver++ (2M); the corrector is UniPC's own.

    Source: Zhao et al. 2023, algorithms 1 and 2 (arXiv:2302.04867), variant bh2.
    """
    return dpmpp_2m(replace(step, x_t=_corrected(step)) if step.past else step)


def _corrected(step: Step) -> Tensor:
    """Replace the extrapolation that the last step used by what is now known at its end.

    Predictor and corrector share every term but those of higher order, so only these are exchanged.
    """
    start = step.past[-1]
    lambda_start = log_snr_of(start.alpha_bar.double())
    span = log_snr_of(step.alpha_bar.double()) - lambda_start
    gain = -step.alpha_bar.double().sqrt() * (-span).expm1()  # alpha (1 - exp(-h))
    turn = step.x_0 - start.x_0
    if len(step.past) == 1:
        return step.x_t + gain * 0.5 * turn
    before = step.past[-2]
    ratio = (log_snr_of(before.alpha_bar.double()) - lambda_start) / span
    slope = (before.x_0 - start.x_0) / ratio
    weight_slope, weight_turn = _weights(span, ratio)
    return step.x_t + gain * ((weight_slope - 0.5) * slope + weight_turn * turn)


def _weights(span: Tensor, ratio: Tensor) -> tuple[Tensor, Tensor]:
    """Solve for the corrector's two weights: r0 + r1 = b1 and ratio r0 + r1 = b2."""
    phi = (-span).expm1()
    first = phi / -span - 1
    second = first / -span - 0.5
    b1, b2 = first / phi, 2 * second / phi
    weight = (b1 - b2) / (1 - ratio)
    return weight, b1 - weight
