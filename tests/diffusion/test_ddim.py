"""DDIM's direction for networks that answer with x_0, as the bundled ones do."""

import torch
from torch.testing import assert_close

from if_graph.diffusion.gaussian import add_noise
from if_graph.diffusion.samplers import SAMPLERS, sample
from if_graph.diffusion.schedule import Diffusion
from if_graph.diffusion.trajectory import spaced


def test_an_answer_out_of_range_leads_straight_to_what_thresholding_leaves_of_it():
    diffusion = Diffusion(prediction_type="sample", variance_type="fixed_small")
    trajectory = spaced("trailing", 10, diffusion)
    noise = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    answer = torch.full_like(noise, 4.0).tril()  # guidance overdoes it; thresholding leaves 1 and 0
    start = add_noise(answer.clamp(max=1), noise, trajectory.alpha_bar[0])
    steps = sample(lambda x_t, t: answer, start, trajectory, diffusion, SAMPLERS["ddim"], torch.Generator())
    for step, level in zip(steps, trajectory.alpha_bar[1:], strict=True):
        assert_close(step.x_t, add_noise(answer.clamp(max=1), noise, level).float(), atol=1e-5, rtol=0)
