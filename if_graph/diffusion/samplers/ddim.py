"""DDIM: deterministic at eta 0, as noisy as ancestral sampling at eta 1."""

from torch import Tensor

from if_graph.diffusion.gaussian import eps_from, posterior_variance
from if_graph.diffusion.samplers.step import Step


def ddim(step: Step) -> Tensor:
    """Take one implicit step; noise is drawn only where eta is above 0, and never on the last step.

    The direction back to x_t is the model's own eps, not one worked out again from the thresholded x_0, as in
    the published pipelines; where the model answers with x_0, thresholding is all that keeps a guided one in
    range, so the direction follows from what it leaves, as in the original code.

    Source: Song et al. 2021, equations 12 and 16 (arXiv:2010.02502).
    """
    if step.alpha_bar_next == 1:
        return step.x_0
    variance = step.eta**2 * posterior_variance(step.alpha_bar, step.alpha_bar_next)
    eps = eps_from(step.x_0, step.x_t, step.alpha_bar) if step.eps is None else step.eps()
    x_next = step.alpha_bar_next.sqrt() * step.x_0 + (1 - step.alpha_bar_next - variance).sqrt() * eps
    return x_next + variance.sqrt() * step.draw() if step.eta > 0 else x_next
