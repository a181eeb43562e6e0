"""Headless LoadImage, SaveImage and PreviewImage: ComfyUI's names and pixels, and never a way out."""

import json

import pytest
import torch
from if_graph_nodes.core import LoadImage, LoadImageMask, PreviewImage, SaveImage
from PIL import Image

from if_graph.errors import InputError
from if_graph.folders import Folders, using_folders


@pytest.fixture
def folders(tmp_path):
    chosen = Folders(tmp_path / "in", tmp_path / "out", tmp_path / "temp")
    chosen.input.mkdir()
    with using_folders(chosen):
        yield chosen


def test_pictures_are_numbered_and_carry_their_workflow(folders):
    saved = [
        SaveImage().run(torch.zeros(2, 4, 6, 3), "a/cat", {"1": {}}, {"workflow": {"nodes": []}})
        for _ in range(2)
    ]
    names = [entry["filename"] for result in saved for entry in result["ui"]["images"]]
    assert names == [f"cat_0000{i}_.png" for i in (1, 2, 3, 4)]
    with Image.open(folders.output / "a" / names[0]) as picture:
        assert picture.size == (6, 4)
        assert (json.loads(picture.text["prompt"]), json.loads(picture.text["workflow"])) == (
            {"1": {}},
            {"nodes": []},
        )


def test_nothing_is_left_beside_the_pictures(folders):
    SaveImage().run(torch.zeros(1, 4, 4, 3), "cat")
    assert [path.name for path in folders.output.iterdir()] == ["cat_00001_.png"]


def test_sizes_and_dates_in_the_prefix_are_filled_in(folders):
    entry = SaveImage().run(torch.zeros(1, 4, 6, 3), "%width%x%height%-%year%-%unknown%")["ui"]["images"][0]
    assert entry["filename"].startswith("6x4-2")
    assert "%unknown%" in entry["filename"]


@pytest.mark.parametrize("prefix", ["../cat", "/etc/cat", "a/../../cat", "..", "", "a\\..\\cat", "a/../.."])
def test_a_prefix_that_leads_out_is_refused_before_the_run_and_in_it(folders, prefix):
    assert "filename_prefix" in SaveImage.VALIDATE_INPUTS(filename_prefix=prefix)
    with pytest.raises(InputError, match="output folder"):
        SaveImage().run(torch.zeros(1, 4, 4, 3), prefix)
    assert not folders.output.exists()


def test_previews_go_to_the_temporary_folder(folders):
    entry = PreviewImage().run(torch.zeros(1, 4, 4, 3))["ui"]["images"][0]
    assert entry["type"] == "temp"
    assert (folders.temp / entry["filename"]).exists()
    assert not folders.output.exists()


def test_a_picture_comes_back_as_it_was_saved(folders):
    Image.new("RGB", (6, 4), (255, 128, 0)).save(folders.input / "a.png")
    image, mask = LoadImage().run("a.png")
    assert image.shape == (1, 4, 6, 3)
    assert (image[0, 0, 0] * 255).round().tolist() == [255, 128, 0]
    assert mask.shape == (1, 64, 64)


@pytest.mark.parametrize("kind", ["input", "output", "temp"])
def test_a_picture_is_read_from_the_folder_that_its_name_tells(folders, kind):
    folder = getattr(folders, kind)
    (folder / "clipspace").mkdir(parents=True)
    Image.new("RGBA", (6, 4), (0, 0, 0, 0)).save(folder / "clipspace" / "a.png")
    assert LoadImage.VALIDATE_INPUTS(image=f"clipspace/a.png [{kind}]") is True
    assert LoadImage().run(f"clipspace/a.png [{kind}]")[1].shape == (1, 4, 6)


def test_the_list_of_pictures_holds_the_users_first_and_then_the_shipped_ones(folders):
    Image.new("RGB", (6, 4)).save(folders.input / "z.png")
    first, *shipped = LoadImage.INPUT_TYPES()["required"]["image"][0]
    assert first == "z.png"
    assert shipped
    assert all(LoadImage.VALIDATE_INPUTS(image=name) is True for name in shipped)


@pytest.mark.parametrize(("channel", "level"), [("alpha", 204), ("red", 255), ("green", 128), ("blue", 0)])
def test_a_channel_becomes_a_mask_and_alpha_is_turned_round(folders, channel, level):
    Image.new("RGBA", (6, 4), (255, 128, 0, 51)).save(folders.input / "a.png")
    (mask,) = LoadImageMask().run("a.png", channel)
    assert mask.shape == (1, 4, 6)
    assert (mask * 255).round().unique().tolist() == [level]


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_a_picture_without_alpha_masks_nothing_at_its_own_size(folders, mode):
    Image.new(mode, (6, 4)).save(folders.input / "a.png")
    assert torch.equal(LoadImageMask().run("a.png", "alpha")[0], torch.zeros(1, 4, 6))


OUTSIDE = ["../a.png [output]", "/etc/passwd [temp]", "a.png [home]", "../out/a.png [input]", "\0 [temp]"]


@pytest.mark.parametrize("name", ["no.png", "../a.png", "/etc/passwd", ".", *OUTSIDE])
def test_pictures_that_are_not_there_or_outside_are_refused(folders, name):
    assert "image" in LoadImage.VALIDATE_INPUTS(image=name)


def test_a_file_that_is_no_picture_is_refused(folders):
    (folders.input / "a.png").write_text("no picture")
    with pytest.raises(InputError, match="cannot be read"):
        LoadImage().run("a.png")


def test_a_changed_file_has_another_fingerprint(folders):
    path = folders.input / "a.png"
    prints = []
    for colour in ("red", "blue"):
        Image.new("RGB", (2, 2), colour).save(path)
        prints.append(LoadImage.IS_CHANGED(image="a.png"))
    assert prints[0] != prints[1]
