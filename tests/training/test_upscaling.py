"""Enlarging compared: known closeness, and every way tried on the same pictures."""

import math

import pytest
import torch

from if_graph.cli import main
from if_graph.training.upscaling import closeness
from if_graph.training.world import svgs

needs_drawings = pytest.mark.skipif(
    bool(svgs.missing_files(svgs.WORLD.values())), reason=f"needs the drawings: {svgs.FETCH_COMMAND}"
)


@pytest.fixture
def picture():
    return torch.rand(1, 3, 192, 192, generator=torch.Generator().manual_seed(0)) * 1.6 - 0.8


def test_psnr_is_of_values_from_0_to_1(picture):
    found = closeness(picture + 0.1, picture)
    assert found.psnr == pytest.approx(20 * math.log10(2 / 0.1), abs=1e-3)
    assert 0 < found.distance < 0.01


def test_noise_is_farther_than_a_shade(picture):
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(1))
    assert closeness(picture + 0.3 * noise, picture).distance > closeness(picture + 0.1, picture).distance
    assert closeness(picture, picture).distance == pytest.approx(0, abs=1e-6)


@needs_drawings
def test_the_command_compares_three_ways(capsys):
    assert main(["eval", "--upscaling", "1", "--stage", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "Stage II, bicubic", "Stage II, noise level 0", "Stage II, noise level 0.25",
    ]  # fmt: skip
    assert all("psnr" in line and "distance" in line for line in lines)


def test_senseless_numbers_are_refused(capsys):
    assert main(["eval", "--upscaling", "0"]) == 2
    assert "--upscaling is 0" in capsys.readouterr().err
