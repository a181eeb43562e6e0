"""The training loss: squared error of the prediction, plus the variational term of the learned range.

Source: Nichol & Dhariwal 2021, sections 3.1 and 3.3 (arXiv:2102.09672).
"""

import math

import torch
from torch import Tensor

from if_graph.diffusion.gaussian import (
    VARIANCE_FLOOR,
    learned_log_variance,
    posterior_mean,
    posterior_variance,
    target_for,
    x_0_from,
)
from if_graph.diffusion.schedule import Diffusion

_PIXEL = 1 / 255  # half the width of one 8-bit level in [-1, 1]


def diffusion_loss(
    output: Tensor,
    x_0: Tensor,
    x_t: Tensor,
    noise: Tensor,
    t: Tensor,
    diffusion: Diffusion,
    squared_weight: float = 1.0,
    snr_ceiling: float = 1.0,
) -> Tensor:
    """Return the mean loss of a batch, a scalar.

    Args:
        output: the model's answer, [B, 3 or 6, H, W].
        x_0: clean pixels [B, 3, H, W], -1..1.
        x_t: noisy pixels, as given to the model.
        noise: the noise in ``x_t``.
        t: timesteps [B].
        diffusion: schedule and prediction type.
        squared_weight: of the squared error against the bound; 1 as published, for eps.
        snr_ceiling: a picture's squared error is weighed by 1 + SNR, at most by this.
    """
    alpha_bar = diffusion.alpha_bar.to(x_0.device)[t][:, None, None, None]
    prediction, variance = output[:, :3].float(), output[:, 3:].float()
    target = target_for(x_0, noise, alpha_bar, diffusion.prediction_type)
    weight = (1 / (1 - alpha_bar)).clamp(max=snr_ceiling)  # 1 + SNR
    loss = squared_weight * (weight * (prediction - target) ** 2).mean()
    if variance.shape[1]:
        detached = x_0_from(prediction.detach(), x_t, alpha_bar, diffusion.prediction_type)
        # T / 1000 weights the bound; detached, it moves the variance channels only
        scale = diffusion.train_steps / 1000
        loss = loss + scale * variational_bound(detached, variance, x_0, x_t, t, diffusion).mean()
    return loss


def variational_bound(
    x_0_estimate: Tensor, v: Tensor, x_0: Tensor, x_t: Tensor, t: Tensor, diffusion: Diffusion
) -> Tensor:
    """Return the bound's term for each image in bits per value, [B]."""
    table = diffusion.alpha_bar.to(x_0.device)
    alpha_bar = table[t][:, None, None, None]
    alpha_bar_next = torch.where(t > 0, table[(t - 1).clamp(min=0)], torch.ones_like(t, dtype=table.dtype))
    alpha_bar_next = alpha_bar_next[:, None, None, None]
    mean = posterior_mean(x_0_estimate.clamp(-1, 1), x_t, alpha_bar, alpha_bar_next)
    inner = t.clamp(min=1)  # the last step has no posterior of its own: it borrows its neighbour's variance
    log_variance = learned_log_variance(
        v, table[inner][:, None, None, None], table[inner - 1][:, None, None, None]
    )
    true_mean = posterior_mean(x_0, x_t, alpha_bar, alpha_bar_next)
    true_log_variance = posterior_variance(alpha_bar, alpha_bar_next).log()
    divergence = _gaussian_kl(true_mean, true_log_variance, mean, log_variance)
    likelihood = -_discretised_log_likelihood(x_0, mean, log_variance)
    first = (t == 0)[:, None, None, None]
    return torch.where(first, likelihood, divergence).mean(dim=(1, 2, 3)) / math.log(2)


def _gaussian_kl(
    mean: Tensor, log_variance: Tensor, other_mean: Tensor, other_log_variance: Tensor
) -> Tensor:
    difference = (mean - other_mean) ** 2 * torch.exp(-other_log_variance)
    return 0.5 * (
        other_log_variance - log_variance - 1 + torch.exp(log_variance - other_log_variance) + difference
    )


def _discretised_log_likelihood(x_0: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Log probability of the 8-bit level that x_0 fell in; the outer levels reach to infinity."""
    deviation = torch.exp(0.5 * log_variance)
    upper = _normal_cdf((x_0 - mean + _PIXEL) / deviation)
    lower = _normal_cdf((x_0 - mean - _PIXEL) / deviation)
    probability = torch.where(x_0 < -0.999, upper, torch.where(x_0 > 0.999, 1 - lower, upper - lower))
    return probability.clamp(min=VARIANCE_FLOOR).log()


def _normal_cdf(x: Tensor) -> Tensor:
    return 0.5 * (1 + torch.erf(x / math.sqrt(2)))
