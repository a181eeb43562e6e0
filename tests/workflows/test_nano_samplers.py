"""Whatever sampler is chosen, the bundled Stage I paints its prompt, and no noise."""

import pytest
import torch

from if_graph.diffusion.samplers import SAMPLERS
from if_graph.graph import Executor, load_workflow
from if_graph.graph.edits import with_value

BLUE = torch.tensor([27, 92, 223]) / 255  # of the world's colours


@pytest.fixture(scope="module")
def paint(classes):
    executor = Executor(classes)

    def run(sampler):
        workflow = load_workflow("sampler-ddim", classes)
        for name, value in (("sampler", sampler), ("steps", 10), ("timesteps", "trailing")):
            workflow = with_value(workflow, f"Stage I schedule.{name}", value)
        return executor.run(workflow, targets=["5"]).outputs["5"][0][0]

    return run


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_paints_the_prompt(sampler, paint):
    picture = paint(sampler)
    corners = picture[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners - BLUE).abs().max() < 0.15
    steps = (picture[1:] - picture[:-1]).abs().mean()
    assert 0.01 < steps < 0.06  # neither empty nor noise, which differs by 0.3 from pixel to pixel
