"""DPM-Solver++ (2M): a second-order solver that needs one evaluation a step; with or without noise."""

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
    estimate = extrapolated(step, span) if step.past else step.x_0
    shrink = ((1 - step.alpha_bar_next) / (1 - step.alpha_bar)).sqrt()
    return shrink * step.x_t - step.alpha_bar_next.sqrt() * (-span).expm1() * estimate


def dpmpp_2m_sde(step: Step) -> Tensor:
    """Take one multistep step (midpoint) of the stochastic equation; draws noise on every step but the last.

    Source: Lu et al. 2022, appendix A, SDE-DPM-Solver++ (arXiv:2211.01095).
    """
    if step.alpha_bar_next == 1:
        return step.x_0
    span = log_snr_of(step.alpha_bar_next) - log_snr_of(step.alpha_bar)
    estimate = extrapolated(step, span) if step.past else step.x_0
    sigma, sigma_next = (1 - step.alpha_bar).sqrt(), (1 - step.alpha_bar_next).sqrt()
    gain = -(-2 * span).expm1()  # 1 - exp(-2h)
    mean = sigma_next / sigma * (-span).exp() * step.x_t + step.alpha_bar_next.sqrt() * gain * estimate
    return mean + sigma_next * gain.sqrt() * step.draw()


def extrapolated(step: Step, span: Tensor) -> Tensor:
    """Extend the line through the last two estimates to the middle of a step of ``span`` in log-SNR."""
    previous = step.past[-1]
    ratio = (log_snr_of(step.alpha_bar) - log_snr_of(previous.alpha_bar)) / span
    return step.x_0 + 0.5 / ratio * (step.x_0 - previous.x_0)
