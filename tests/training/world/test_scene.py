import random
from collections import Counter

import pytest

from if_graph.training.world.colours import BACKGROUNDS, contrast, visible_backgrounds
from if_graph.training.world.concepts import CONCEPTS
from if_graph.training.world.scene import LAYOUTS, sample_scene
from if_graph.training.world.split import HELD_OUT_SHARE, is_held_out, sample_split_scene


@pytest.fixture(scope="module")
def scenes():
    rng = random.Random(0)
    return [sample_scene(rng) for _ in range(3000)]


def box(placed):
    half = placed.size / 2
    return placed.cx - half, placed.cy - half, placed.cx + half, placed.cy + half


def test_a_seed_repeats_its_scenes():
    one, other = random.Random(3), random.Random(3)
    assert [sample_scene(one) for _ in range(50)] == [sample_scene(other) for _ in range(50)]


def test_objects_stay_inside_the_picture(scenes):
    edges = [edge for scene in scenes for placed in scene.objects for edge in box(placed)]
    assert 0 <= min(edges) <= max(edges) <= 1


def test_the_two_of_a_pair_differ_stand_in_order_and_do_not_overlap(scenes):
    for scene in (scene for scene in scenes if scene.layout in ("row", "column")):
        first, second = scene.objects
        axis = 0 if scene.layout == "row" else 1
        assert first.concept != second.concept
        assert box(first)[axis + 2] <= box(second)[axis]


def test_layouts_come_as_often_as_they_weigh(scenes):
    counts = Counter(scene.layout for scene in scenes)
    for name, row in LAYOUTS.items():
        assert counts[name] / len(scenes) == pytest.approx(row.weight, abs=0.04)  # 5 standard deviations


def test_every_object_can_be_seen(scenes):
    for scene in scenes:
        things = [placed.concept for placed in scene.objects if scene.layout != "sign"]
        assert all(scene.background in visible_backgrounds(thing) for thing in things)


def test_a_group_is_two_to_four_of_a_kind(scenes):
    groups = [[placed.concept for placed in scene.objects] for scene in scenes if scene.layout == "group"]
    assert {len(group) for group in groups} == {2, 3, 4}
    assert {len(set(group)) for group in groups} == {1}


def test_only_signs_say_something(scenes):
    assert {scene.layout for scene in scenes if scene.text} == {"sign"}


def test_contrast_is_a_lab_distance():
    assert contrast("ffffff", "000000") == pytest.approx(100, abs=0.1)
    assert contrast("dd2e44", "dd2e44") == 0


def test_backgrounds_are_clearly_apart():
    colours = [row.rgb for row in BACKGROUNDS.values()]
    assert min(contrast(one, other) for i, one in enumerate(colours) for other in colours[:i]) > 30


def test_the_held_out_share_is_about_the_one_stated():
    rng = random.Random(1)
    singles = [scene for scene in (sample_scene(rng) for _ in range(3000)) if scene.layout == "centre"]
    assert sum(map(is_held_out, singles)) / len(singles) == pytest.approx(HELD_OUT_SHARE, abs=0.04)


def test_held_out_pairs_are_stable(scenes):
    held_out = {
        f"{scene.objects[0].concept} {scene.background}"
        for scene in scenes
        if scene.layout == "centre" and is_held_out(scene)
    }
    assert {"cat pink", "fish yellow", "car black", "star green"} <= held_out  # trained weights rely on these
    assert not {"cat blue", "dog red", "fish black"} & held_out


@pytest.mark.parametrize("split", ["train", "held-out"])
def test_a_split_holds_only_its_own_scenes(split):
    rng = random.Random(2)
    assert {is_held_out(sample_split_scene(rng, split)) for _ in range(200)} == {split == "held-out"}


def test_training_shows_every_concept_before_five_backgrounds_or_more():
    rng = random.Random(4)
    seen = {
        (p.concept, s.background) for s in (sample_split_scene(rng) for _ in range(4000)) for p in s.objects
    }
    counts = Counter(concept for concept, _ in seen)
    assert min(counts[name] for name in CONCEPTS) >= 5
