"""The Gaussian identities: noise added, x_0 and eps from a prediction, the posterior and its variance.

Coefficients are tensors that broadcast over [B, C, H, W]: 0-dim while sampling, [B, 1, 1, 1] while training.
"""

import torch
from torch import Tensor

VARIANCE_FLOOR = 1e-20  # keeps the logarithm finite at the last step


def add_noise(x_0: Tensor, noise: Tensor, alpha_bar: Tensor) -> Tensor:
    """Draw x_t given x_0: sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise."""
    return alpha_bar.sqrt() * x_0 + (1 - alpha_bar).sqrt() * noise


def x_0_from(prediction: Tensor, x_t: Tensor, alpha_bar: Tensor, prediction_type: str) -> Tensor:
    """Read the clean estimate out of a model's prediction (epsilon, v_prediction or sample)."""
    if prediction_type == "sample":
        return prediction
    if prediction_type == "v_prediction":
        return alpha_bar.sqrt() * x_t - (1 - alpha_bar).sqrt() * prediction
    return (x_t - (1 - alpha_bar).sqrt() * prediction) / alpha_bar.sqrt()


def eps_from(x_0: Tensor, x_t: Tensor, alpha_bar: Tensor) -> Tensor:
    """Return the noise that leads from ``x_0`` to ``x_t``."""
    return (x_t - alpha_bar.sqrt() * x_0) / (1 - alpha_bar).sqrt()


def eps_of(prediction: Tensor, x_t: Tensor, alpha_bar: Tensor, prediction_type: str) -> Tensor:
    """Read the predicted noise out of a model's prediction (epsilon or v_prediction)."""
    if prediction_type == "epsilon":
        return prediction
    return alpha_bar.sqrt() * prediction + (1 - alpha_bar).sqrt() * x_t


def target_for(x_0: Tensor, noise: Tensor, alpha_bar: Tensor, prediction_type: str) -> Tensor:
    """Return what a model of this prediction type should answer for x_t = add_noise(x_0, noise)."""
    if prediction_type == "sample":
        return x_0
    if prediction_type == "v_prediction":
        return alpha_bar.sqrt() * noise - (1 - alpha_bar).sqrt() * x_0
    return noise


def posterior_mean(x_0: Tensor, x_t: Tensor, alpha_bar: Tensor, alpha_bar_next: Tensor) -> Tensor:
    """Return the mean of q(x_next | x_t, x_0).

    Source: Ho et al. 2020, equation 7 (arXiv:2006.11239).
    """
    alpha = alpha_bar / alpha_bar_next
    from_x_0 = alpha_bar_next.sqrt() * (1 - alpha) / (1 - alpha_bar)
    from_x_t = alpha.sqrt() * (1 - alpha_bar_next) / (1 - alpha_bar)
    return from_x_0 * x_0 + from_x_t * x_t


def posterior_variance(alpha_bar: Tensor, alpha_bar_next: Tensor) -> Tensor:
    """Return the variance of q(x_next | x_t, x_0), never below 1e-20."""
    beta = 1 - alpha_bar / alpha_bar_next
    return ((1 - alpha_bar_next) / (1 - alpha_bar) * beta).clamp(min=VARIANCE_FLOOR)


def learned_log_variance(v: Tensor, alpha_bar: Tensor, alpha_bar_next: Tensor) -> Tensor:
    """Interpolate in log space between the posterior variance (v = -1) and beta (v = 1).

    Source: Nichol & Dhariwal 2021, equation 15 (arXiv:2102.09672).
    """
    low = posterior_variance(alpha_bar, alpha_bar_next).log()
    high = torch.log(1 - alpha_bar / alpha_bar_next)
    share = (v + 1) / 2
    return share * high + (1 - share) * low
