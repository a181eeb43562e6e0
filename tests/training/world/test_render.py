import random

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from if_graph.errors import InputError
from if_graph.training.world.colours import BACKGROUNDS, contrast
from if_graph.training.world.concepts import CONCEPTS
from if_graph.training.world.crops import crop_pair, sample_box
from if_graph.training.world.render import compose, render, render_crop
from if_graph.training.world.scene import Placed, Scene, sample_scene
from if_graph.training.world.svgs import Drawing

PAIR = Scene("green", (Placed("cat", 0.27, 0.5, 0.42), Placed("dog", 0.73, 0.52, 0.4)), "row")


def test_the_background_has_its_exact_colour(drawings):
    picture = render(PAIR, 64, drawings)
    assert picture.shape == (64, 64, 3)
    assert picture[0, 0].tobytes().hex() == BACKGROUNDS["green"].rgb


def test_objects_stand_where_the_scene_says(drawings):
    scene = Scene("white", (Placed("cat", 0.25, 0.75, 0.3),), "centre")
    ys, xs = np.nonzero((render(scene, 200, drawings) != 255).any(axis=2))
    assert_allclose([xs.mean(), ys.mean()], [49.5, 149.5], atol=0.5)  # half a pixel of antialiasing
    assert_allclose(np.ptp(xs) + 1, 200 * 0.3 * 32 / 36, atol=2)


def assert_same_but_for_samples(crop, whole):
    """Curves cut by the border are antialiased a little differently; nothing is shifted."""
    gap = np.abs(crop - whole).max(axis=2)
    assert (gap > 2).mean() < 0.02  # 0.5 % on average
    assert gap.mean() < 0.2  # up to 0.13 levels; a shift by a quarter of a pixel gives 0.24 and more


@pytest.mark.parametrize("box", [(40, 60, 64, 64), (0, 64, 64, 64), (101, 83, 33, 21)])
def test_a_crop_equals_that_window_of_the_whole(drawings, box):
    x, y, width, height = box
    whole = render(PAIR, 256, drawings)[y : y + height, x : x + width].astype(int)
    assert_same_but_for_samples(render_crop(PAIR, 256, box, drawings), whole)


def test_a_low_crop_equals_that_window_of_the_shrunk_whole(drawings):
    shrunk = Image.fromarray(render(PAIR, 256, drawings)).resize((64, 64), Image.Resampling.BICUBIC)
    high, low = crop_pair(PAIR, 256, (60, 64, 64, 48), drawings)
    assert high.shape == (48, 64, 3)
    assert_allclose(low, np.asarray(shrunk)[16:28, 15:31].astype(int), atol=4)  # antialiasing, averaged


def test_boxes_lie_inside_on_low_resolution_pixels_and_mostly_hold_an_edge(drawings):
    rng = random.Random(0)
    boxes = [sample_box(PAIR, 256, 64, rng, drawings) for _ in range(100)]
    edges = [np.ptp(render_crop(PAIR, 256, box, drawings), axis=(0, 1)).max() > 48 for box in boxes]
    assert all(0 <= x <= 192 and 0 <= y <= 192 and x % 4 == y % 4 == 0 for x, y, _, _ in boxes)
    assert np.mean(edges) > 0.7


def test_ids_of_two_drawings_never_clash(drawings):
    drawings = drawings | {"cat": Drawing.parse(drawings_text("M0 0h9v9z"), "cat")}
    document = compose(
        PAIR, 64, (0, 0, 64, 64), drawings | {"dog": Drawing.parse(drawings_text("M9 9h9v9z"), "dog")}
    )
    assert document.count('id="cat-a"') == document.count('id="dog-a"') == 1
    assert "url(#a)" not in document


def drawings_text(path):
    clip = f'<clipPath id="a"><path d="{path}"/></clipPath>'
    return f'<svg viewBox="0 0 36 36">{clip}<g clip-path="url(#a)"><rect width="36" height="36"/></g></svg>'


@pytest.mark.parametrize("text", ["", "<html></html>", "<svg><path/></svg>"])
def test_what_is_no_drawing_is_refused_by_name(text):
    with pytest.raises(InputError, match="drawing 'cat' is not an svg"):
        Drawing.parse(text, "cat")


def test_declared_fills_are_a_large_part_of_each_drawing(twemoji):
    for name, concept in CONCEPTS.items():
        picture = render(Scene("green", (Placed(name, 0.5, 0.5, 1.0),), "centre"), 64, twemoji)
        colours, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
        drawn = {rgb.tobytes().hex(): n for rgb, n in zip(colours, counts, strict=True) if n > 8}
        total = sum(n for rgb, n in drawn.items() if rgb != BACKGROUNDS["green"].rgb)
        for fill in concept.fills:
            near = sum(n for rgb, n in drawn.items() if contrast(rgb, fill) < 8)
            assert near / total > 0.15, (name, fill)


def test_twemoji_crops_equal_their_windows(twemoji):
    rng = random.Random(5)
    for scene in (sample_scene(rng) for _ in range(6)):
        x, y, *_ = box = sample_box(scene, 1024, 128, rng, twemoji)
        whole = render(scene, 1024, twemoji)[y : y + 128, x : x + 128].astype(int)
        assert_same_but_for_samples(render_crop(scene, 1024, box, twemoji), whole)
