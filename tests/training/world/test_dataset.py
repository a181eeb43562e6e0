import random
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from if_graph.errors import InputError
from if_graph.training.data import of_layouts
from if_graph.training.world import __main__ as command
from if_graph.training.world import store
from if_graph.training.world.crops import CropPairs
from if_graph.training.world.dataset import WorldPictures
from if_graph.training.world.render import render
from if_graph.training.world.split import is_held_out
from if_graph.training.world.store import stored_items


def count_up(calls):
    def make(index):
        calls.append(index)
        return (np.full((2, 2), index, np.uint8),)

    return make


def failing_at(limit):
    def make(index):
        if index == limit:
            raise KeyboardInterrupt
        return (np.full((2, 2), index, np.uint8),)

    return make


def test_items_are_made_once_and_then_read(tmp_path):
    calls = []
    for _ in range(2):
        items = stored_items(tmp_path / "a.u8", 5, {"x": (2, 2)}, count_up(calls))
    assert calls == [0, 1, 2, 3, 4]
    assert_array_equal(items["x"][:, 0, 0], np.arange(5))
    assert [path.name for path in tmp_path.iterdir()] == ["a.u8"]


def test_a_stopped_run_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK", 2)
    with pytest.raises(KeyboardInterrupt):
        stored_items(tmp_path / "a.u8", 7, {"x": (2, 2)}, failing_at(5))
    assert not (tmp_path / "a.u8").exists()
    calls = []
    items = stored_items(tmp_path / "a.u8", 7, {"x": (2, 2)}, count_up(calls))
    assert calls == [4, 5, 6]
    assert_array_equal(items["x"][:, 1, 1], np.arange(7))


def test_what_is_left_of_a_run_with_another_shape_is_not_used(tmp_path):
    (tmp_path / "a.part").write_bytes(b"123")
    (tmp_path / "a.progress").write_text("2")
    items = stored_items(tmp_path / "a.u8", 3, {"x": (2, 2)}, count_up([]))
    assert_array_equal(items["x"][:, 0, 0], np.arange(3))


def test_a_seed_decides_scenes_and_captions_whatever_the_number_and_size(tmp_path, drawings):
    small = WorldPictures(4, 16, 7, tmp_path, drawings=drawings)
    big = WorldPictures(6, 24, 7, tmp_path, drawings=drawings)
    assert small.captions == big.captions[:4]
    assert [small.scene(i) for i in range(4)] == [big.scene(i) for i in range(4)]
    assert WorldPictures(4, 16, 8, tmp_path, drawings=drawings).captions != small.captions


def test_pictures_show_their_scenes_and_stay_when_opened_again(tmp_path, drawings):
    pictures = WorldPictures(3, 16, 1, tmp_path, drawings=drawings)
    again = WorldPictures(3, 16, 1, tmp_path, drawings=drawings)
    caption, pixels = again[2]
    assert (len(pictures), caption) == (3, pictures.captions[2])
    assert_array_equal(pixels, render(pictures.scene(2), 16, drawings))


def test_another_world_gets_other_files(tmp_path, drawings):
    WorldPictures(1, 8, 1, tmp_path, drawings=drawings)
    WorldPictures(1, 8, 1, tmp_path, drawings=drawings | {"cat": drawings["dog"]})
    assert len(list(tmp_path.glob("*.u8"))) == 2


@pytest.mark.parametrize("split", ["train", "held-out"])
def test_data_keep_to_their_split(tmp_path, drawings, split):
    pictures = WorldPictures(20, 8, 0, tmp_path, split, drawings)
    assert {is_held_out(pictures.scene(i)) for i in range(20)} == {split == "held-out"}


def test_a_fresh_caption_fits_the_same_scene(tmp_path, drawings):
    pictures = WorldPictures(1, 8, 0, tmp_path, drawings=drawings)
    texts = {pictures.sample_caption(0, random.Random(seed)) for seed in range(20)}
    assert len(texts) > 5
    assert pictures.plain_captions[0].endswith(f"{pictures.scene(0).background} background")


def test_crop_pairs_are_windows_of_their_picture(tmp_path, drawings):
    pairs = CropPairs(5, 256, 64, 3, tmp_path, drawings=drawings)
    assert (pairs.high.shape, pairs.low.shape) == ((5, 64, 64, 3), (5, 16, 16, 3))
    for index in range(5):
        _, high, low = pairs[index]
        x, y, *_ = pairs.box(index)
        whole = render(pairs.scene(index), 256, drawings)
        assert (
            np.abs(high - whole[y : y + 64, x : x + 64].astype(int)).mean() < 0.3
        )  # antialiasing of cut curves
        assert_allclose(
            low.mean((0, 1)), high.mean((0, 1)), atol=6
        )  # bicubic keeps the mean but for the border


def test_the_command_draws_a_sheet(tmp_path, monkeypatch, twemoji):
    arguments = ["--out", str(tmp_path), "--n", "3", "--side", "32", "--sheet", str(tmp_path / "sheet.png")]
    for extra in ([], ["--side", "128", "--crop", "32"]):
        monkeypatch.setattr(sys, "argv", ["world", *arguments, *extra])
        assert command.main() == 0
        with Image.open(tmp_path / "sheet.png") as sheet:
            assert sheet.width > 8 * 128


def test_training_can_keep_to_some_layouts(tmp_path, drawings):
    world = WorldPictures(12, 8, cache_dir=tmp_path, drawings=drawings)
    layouts = [world.scene(index).layout for index in range(12)]
    kept = [world.captions[index] for index in range(12) if layouts[index] == layouts[0]]
    chosen = of_layouts(world, layouts[:1])
    assert 0 < len(chosen) < 12
    assert list(chosen.batch(range(len(chosen))).captions) == kept


def test_layouts_that_the_world_lacks_are_refused(tmp_path, drawings):
    world = WorldPictures(3, 8, cache_dir=tmp_path, drawings=drawings)
    with pytest.raises(InputError, match=r"'layouts' is .*'heap'.*expected a list out of centre, small"):
        of_layouts(world, ["heap"])


def test_a_layout_that_is_named_twice_is_shown_twice_as_often(drawings, tmp_path):
    world = WorldPictures(30, 8, cache_dir=tmp_path, drawings=drawings)
    layout = world.scene(0).layout
    assert len(of_layouts(world, [layout, layout])) == 2 * len(of_layouts(world, [layout]))
