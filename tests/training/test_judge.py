"""The judge of the nano world: it names what is drawn, also where it is painted badly."""

import random

import numpy as np
import pytest
from PIL import Image

from if_graph.training.evaluate import Tally, judge_all, tally
from if_graph.training.judge import Judge, Seen
from if_graph.training.world.concepts import CONCEPTS
from if_graph.training.world.render import render
from if_graph.training.world.scene import sample_scene
from if_graph.training.world.svgs import Drawing


def outline(index):
    """A spine with five teeth, each there or not: no two numbers look alike."""
    teeth = "".join(f"M8 {7 * tooth}h28v6h-28z" for tooth in range(5) if (index + 1) >> tooth & 1)
    return f"M0 0h8v36h-8z{teeth}"


@pytest.fixture(scope="module")
def outlines():
    """Every concept in its own main fill, and an outline that its neighbours do not have."""
    return {
        name: Drawing.parse(
            f'<svg viewBox="0 0 36 36"><path d="{outline(i)}" fill="#{row.fills[0]}"/></svg>', name
        )
        for i, (name, row) in enumerate(CONCEPTS.items())
    }


@pytest.fixture(scope="module")
def scenes():
    return [sample_scene(random.Random(seed)) for seed in range(60)]


@pytest.mark.parametrize("side", [64, 256])
def test_it_names_nearly_all_that_is_drawn(outlines, scenes, side):
    pictures = [render(scene, side, outlines) for scene in scenes]
    found = tally(judge_all(pictures, scenes, Judge(outlines)), scenes)
    assert found.background == 1
    assert found.single > 0.95
    assert found.pair > 0.9


def test_noise_does_not_mislead_it(outlines, scenes):
    noise = np.random.default_rng(0).normal(0, 8, (60, 64, 64, 3))
    pictures = [
        (render(scene, 64, outlines) + grain).clip(0, 255).astype(np.uint8)
        for scene, grain in zip(scenes, noise, strict=True)
    ]
    found = tally(judge_all(pictures, scenes, Judge(outlines)), scenes)
    assert found.background == 1
    assert found.single > 0.85


def test_an_empty_picture_shows_nothing(outlines):
    assert Judge(outlines).see(np.full((64, 64, 3), 255, np.uint8), "row") == Seen("white", (None, None))


def test_swapped_objects_are_wrong(outlines, scenes):
    scene = next(scene for scene in scenes if scene.layout == "row")
    mirrored = np.asarray(
        Image.fromarray(render(scene, 64, outlines)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    )
    judge = Judge(outlines)
    assert judge.see(render(scene, 64, outlines), "row").is_right(scene)
    assert not judge.see(mirrored, "row").is_right(scene)


def test_shares_are_taken_of_the_pictures_that_could_show_it(scenes):
    single = next(scene for scene in scenes if scene.layout == "centre")
    right, wrong = Seen(single.background, (single.objects[0].concept,)), Seen("none", (None,))
    assert tally([right, wrong], [single, single]) == Tally(2, 0.5, 0.5, None)
