"""The judge of the nano world: it names what is drawn, also where it is painted badly."""

import random
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from if_graph.training.evaluate import Tally, judge_all, tally
from if_graph.training.judge import Judge, Seen
from if_graph.training.world import svgs
from if_graph.training.world.render import render
from if_graph.training.world.scene import LAYOUTS, Placed, Scene, sample_scene

pytestmark = pytest.mark.skipif(
    bool(svgs.missing_files(svgs.WORLD.values())), reason=f"needs the drawings: {svgs.FETCH_COMMAND}"
)
COUNTS = {"centre": 30, "sign": 8}
CAT = Scene("blue", (Placed("cat", 0.5, 0.5, 0.6),), "centre")


@pytest.fixture(scope="module")
def judge():
    return Judge()


@pytest.fixture(scope="module")
def scenes():
    """Some scenes of every layout."""
    rng, found = random.Random(0), {name: [] for name in LAYOUTS}
    while any(len(found[name]) < COUNTS.get(name, 12) for name in LAYOUTS):
        scene = sample_scene(rng)
        found[scene.layout].append(scene)
    return [scene for name, rows in found.items() for scene in rows[: COUNTS.get(name, 12)]]


def softened(pixels, rng):
    """As a small network paints: edges a little soft, and grain of 8 levels."""
    soft = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(0.7)))
    return (soft + rng.normal(0, 8, soft.shape)).clip(0, 255).astype(np.uint8)


def share_right(judge, pictures, scenes):
    seen = judge_all(pictures, scenes, judge)
    return np.mean([found.is_right(scene) for found, scene in zip(seen, scenes, strict=True)])


def test_drawn_scenes_are_right(judge, scenes):
    assert share_right(judge, [render(scene, 64) for scene in scenes], scenes) >= 0.99


def test_soft_and_grainy_scenes_are_right(judge, scenes):
    rng = np.random.default_rng(0)
    assert share_right(judge, [softened(render(scene, 64), rng) for scene in scenes], scenes) >= 0.97


def test_large_pictures_are_right_too(judge, scenes):
    some = scenes[::9]
    assert share_right(judge, [render(scene, 256) for scene in some], some) >= 0.97


def test_another_scene_of_the_layout_is_wrong(judge, scenes):
    others = [scenes[i - 1] for i in range(len(scenes))]
    pairs = [
        (a, b) for a, b in zip(scenes, others, strict=True) if a.layout == b.layout and a.layout != "sign"
    ]
    wrong = [
        (a, b)
        for a, b in pairs
        if a.background != b.background or a.objects[0].concept != b.objects[0].concept
    ]
    assert share_right(judge, [render(other, 64) for _, other in wrong], [scene for scene, _ in wrong]) == 0


def group(count, columns, size):
    places = [
        ((i % columns + 0.5) / columns, (i // columns + 0.5) / (count // columns)) for i in range(count)
    ]
    return Scene("white", tuple(Placed("apple", *place, size) for place in places), "group")


def moved(x, y, size, layout):
    return Scene("white", (Placed("apple", x, y, size),), layout)


def sign(text):
    return Scene("red", (Placed("sign", 0.5, 0.5, 0.88),), "sign", text)


@pytest.mark.parametrize(
    ("shown", "wished"),
    [
        (moved(0.5, 0.5, 0.65, "small"), moved(0.5, 0.5, 0.3, "small")),
        (moved(0.5, 0.5, 0.65, "large"), moved(0.5, 0.5, 0.9, "large")),
        (moved(0.8, 0.8, 0.36, "corner"), moved(0.2, 0.8, 0.36, "corner")),
        (moved(0.5, 0.5, 0.36, "corner"), moved(0.2, 0.2, 0.36, "corner")),
        (group(2, 2, 0.4), group(3, 3, 0.3)),
        (group(3, 3, 0.3), group(4, 2, 0.4)),
        (group(4, 2, 0.4), group(2, 2, 0.4)),
        (moved(0.5, 0.5, 0.6, "group"), group(2, 2, 0.4)),
        (sign("HI"), sign("HO")),
        (sign("ZOO"), sign("ZO")),
        (sign(""), sign("A")),
        (CAT, replace(sign("CAT"), background="blue")),
    ],
)
def test_one_thing_off_is_wrong(judge, shown, wished):
    assert not judge.see(render(shown, 64), wished.layout).is_right(wished)
    assert judge.see(render(wished, 64), wished.layout).is_right(wished)


def test_a_group_with_one_of_another_kind_is_wrong(judge):
    scene = group(3, 3, 0.3)
    mixed = replace(scene, objects=(*scene.objects[:2], replace(scene.objects[2], concept="fish")))
    assert judge.see(render(mixed, 64), "group").objects == ("apple", "apple", "fish")


@pytest.mark.parametrize(
    ("layout", "objects"), [("row", (None, None)), ("group", ()), ("sign", (None,)), ("corner", (None,))]
)
def test_an_empty_picture_shows_nothing(judge, layout, objects):
    assert judge.see(np.full((64, 64, 3), 255, np.uint8), layout) == Seen("white", objects)


def test_swapped_objects_are_wrong(judge, scenes):
    scene = next(scene for scene in scenes if scene.layout == "row")
    mirrored = np.asarray(Image.fromarray(render(scene, 64)).transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert not judge.see(mirrored, "row").is_right(scene)


def test_shares_are_taken_of_the_pictures_that_could_show_it():
    wrong = Seen("none", (None,))
    assert tally([Seen("blue", ("cat",)), wrong], [CAT, CAT]) == Tally(2, 0.5, 0.5, None)


def test_a_thing_of_the_wrong_size_is_the_right_object():
    small = moved(0.5, 0.5, 0.3, "small")
    found = tally([Seen("white", ("apple",))], [small])
    assert (found.single, found.size) == (1, 0)
