import pytest
import torch
from torch.testing import assert_close

from if_graph.diffusion.gaussian import add_noise, target_for
from if_graph.diffusion.schedule import PREDICTION_TYPES, Diffusion
from if_graph.training.objective import diffusion_loss, variational_bound

T = torch.tensor([0, 1, 400, 999])


def noisy_batch(wave, diffusion, t=T):
    x_0, noise = wave(len(t), 3, 8, 8).clamp(-1, 1), wave(len(t), 3, 8, 8, f=1.7)
    return x_0, noise, add_noise(x_0, noise, diffusion.alpha_bar[t][:, None, None, None])


@pytest.mark.parametrize("kind", PREDICTION_TYPES)
def test_a_perfect_answer_costs_nothing(wave, kind):
    diffusion = Diffusion(prediction_type=kind)
    x_0, noise, x_t = noisy_batch(wave, diffusion)
    answer = target_for(x_0, noise, diffusion.alpha_bar[T][:, None, None, None], kind)
    assert diffusion_loss(answer, x_0, x_t, noise, T, diffusion) == 0


def test_a_perfect_estimate_with_the_posterior_variance_has_no_divergence(wave):
    diffusion, t = Diffusion(), torch.tensor([1, 400, 999])
    x_0, _, x_t = noisy_batch(wave, diffusion, t)
    bound = variational_bound(x_0, -torch.ones_like(x_0), x_0, x_t, t, diffusion)
    assert_close(bound, torch.zeros(3), atol=1e-5, rtol=0)  # float32 logarithms of variances near 1e-5


def test_the_bound_moves_the_variance_channels_only(wave):
    diffusion = Diffusion(prediction_type="sample")
    x_0, noise, x_t = noisy_batch(wave, diffusion)
    output = torch.cat([x_0, 0.3 * torch.ones_like(x_0)], dim=1)
    output.requires_grad_()  # the squared error is at its minimum: what is left is the bound's gradient
    diffusion_loss(output, x_0, x_t, noise, T, diffusion).backward()
    assert output.grad[:, :3].abs().max() == 0
    assert (output.grad[:, 3:].abs().amax(dim=(1, 2, 3)) > 0).all()


@pytest.mark.parametrize("estimate", [-1.0, 0.0, 1.0])
def test_the_likelihood_at_the_last_step_is_finite_however_wrong_the_estimate(wave, estimate):
    diffusion, t = Diffusion(), torch.zeros(3, dtype=torch.long)
    x_0 = torch.stack([torch.full((3, 8, 8), level) for level in (-1.0, 0.0, 1.0)])
    x_t = add_noise(x_0, wave(3, 3, 8, 8), diffusion.alpha_bar[0])
    bound = variational_bound(torch.full_like(x_0, estimate), torch.zeros_like(x_0), x_0, x_t, t, diffusion)
    assert bound.isfinite().all()
    assert (bound >= 0).all()


def test_a_network_without_variance_channels_is_trained_by_the_squared_error_alone(wave):
    diffusion = Diffusion(prediction_type="sample")
    x_0, noise, x_t = noisy_batch(wave, diffusion)
    assert_close(diffusion_loss(x_0 + 0.5, x_0, x_t, noise, T, diffusion), torch.tensor(0.25))
