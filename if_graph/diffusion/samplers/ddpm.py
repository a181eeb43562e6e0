"""Ancestral sampling, with the learned or a fixed variance."""

from torch import Tensor

from if_graph.diffusion.gaussian import learned_log_variance, posterior_mean, posterior_variance
from if_graph.diffusion.samplers.step import Step


def ddpm(step: Step) -> Tensor:
    """Take one ancestral step; no noise is drawn at t = 0.

    Source: Ho et al. 2020, algorithm 2 (arXiv:2006.11239); learned range after Nichol & Dhariwal 2021.
    """
    mean = posterior_mean(step.x_0, step.x_t, step.alpha_bar, step.alpha_bar_next)
    if step.t == 0:
        return mean
    return mean + deviation(step) * step.draw()


def deviation(step: Step) -> Tensor:
    """Return the standard deviation of the step's noise, 0-dim or [B, C, H, W]."""
    if step.v is not None:
        if step.variance_type == "learned":
            return (0.5 * step.v).exp()
        return (0.5 * learned_log_variance(step.v, step.alpha_bar, step.alpha_bar_next)).exp()
    if step.variance_type == "fixed_large":
        return (1 - step.alpha_bar / step.alpha_bar_next).sqrt()
    return posterior_variance(step.alpha_bar, step.alpha_bar_next).sqrt()
