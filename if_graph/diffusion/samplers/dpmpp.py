"""DPM-Solver++ (2M): a deterministic second-order solver that needs one evaluation a step."""

from torch import Tensor

from if_graph.diffusion.samplers.step import Step
from if_graph.diffusion.trajectory import log_snr_of


def dpmpp_2m(step: Step) -> Tensor:
    """Take one multistep step (midpoint); the first is of first order.

    Source: Lu et al. 2022, algorithm 2 (arXiv:2211.01095).
    """
    if step.alpha_bar_next == 1:
        return step.x_0  # sigma is 0: only the estimate is left
    span = log_snr_of(step.alpha_bar_next) - log_snr_of(step.alpha_bar)
    estimate = _extrapolated(step, span) if step.past else step.x_0
    shrink = ((1 - step.alpha_bar_next) / (1 - step.alpha_bar)).sqrt()
    return shrink * step.x_t - step.alpha_bar_next.sqrt() * (-span).expm1() * estimate


def _extrapolated(step: Step, span: Tensor) -> Tensor:
    """Extend the line through the last two estimates to the middle of this step."""
    previous = step.past[-1]
    ratio = (log_snr_of(step.alpha_bar) - log_snr_of(previous.alpha_bar)) / span
    return step.x_0 + 0.5 / ratio * (step.x_0 - previous.x_0)
