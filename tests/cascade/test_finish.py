"""Finishing: what is hidden, what is left alone, and where the mark goes."""

import pytest
import torch
from if_graph_nodes.finish import IFSafetyChecker, IFWatermark
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from torch.testing import assert_close

from if_graph.cascade.safety import BLUR_KERNEL, BLUR_SIGMA, SafetyChecker, blur, hide
from if_graph.cascade.watermark import load_mark, mark_box
from if_graph.cascade.watermark_drawing import draw_mark
from if_graph.errors import CheckpointError, InputError
from if_graph.models.placement import place


class Brightness(nn.Module):
    """Scores a picture by its mean: above 0 not safe for work, below 0 watermarked."""

    side = 8

    def forward(self, views):
        mean = views.mean(dim=(1, 2, 3))
        return mean, -mean


@pytest.fixture
def safety():
    return SafetyChecker(Brightness(), place("cpu"))


@pytest.fixture
def pictures():
    """One bright, one dark, one in between (CLIP's own mean)."""
    return torch.stack([torch.full((24, 16, 3), value) for value in (0.9, 0.05, 0.45)])


def check(safety, pictures, **changes):
    widgets = {"reading": "logit", "p_threshold": 0.5, "w_threshold": 0.5, "action": "black"} | changes
    return IFSafetyChecker().run(safety, pictures, **widgets)["result"]


def test_either_flag_hides_that_picture_and_no_other(safety, pictures):
    checked, flags, report = check(safety, pictures)
    assert flags == [True, True, False]
    assert report == "picture 1: not safe for work\npicture 2: watermarked\npicture 3: clean"
    assert checked[:2].abs().max() == 0
    assert torch.equal(checked[2], pictures[2])


def test_what_is_hidden_is_said_below_the_node_and_warned_of(safety, pictures, caplog):
    told = IFSafetyChecker().run(safety, pictures, "logit", 0.5, 0.5, "black")["ui"]["text"]
    assert told == [f"picture {i}, so it was hidden" for i in ("1: not safe for work", "2: watermarked")]
    assert [record.getMessage() for record in caplog.records] == [f"safety checker: {line}" for line in told]
    assert IFSafetyChecker().run(safety, pictures[2:], "logit", 0.5, 0.5, "black")["ui"] == {}


def test_inputs_are_never_changed(safety, pictures):
    before = pictures.clone()
    check(safety, pictures)
    IFWatermark().run(pictures, "this project's")
    assert torch.equal(pictures, before)


def test_the_sigmoid_reading_compares_probabilities(safety, pictures):
    probability = torch.tensor(1.0).sigmoid().item()
    logit = check(safety, pictures, p_threshold=probability, w_threshold=50.0)[1]
    assert logit == [True, False, False]
    # no score reaches a probability of 1
    assert check(safety, pictures, reading="sigmoid", p_threshold=1.0, w_threshold=1.0)[1] == [False] * 3
    assert check(safety, pictures, reading="sigmoid")[1] == [True, True, True]


def test_thresholds_decide(safety, pictures):
    assert check(safety, pictures, p_threshold=9.0, w_threshold=9.0)[1] == [False] * 3


def test_a_blurred_picture_keeps_its_mean_colour_and_loses_its_detail():
    stripes = torch.cat([torch.full((1, 3, 64, 8), side) for side in (-0.5, 0.5)] * 16, dim=3)
    hidden = hide(stripes, "blur")
    assert hidden.abs().max() < 0.1
    assert hidden.mean().abs() < 1e-2


def test_the_blur_is_a_gaussian_of_the_stated_kernel():
    spike = torch.zeros(1, 3, 1, 4 * BLUR_KERNEL)
    spike[..., 2 * BLUR_KERNEL] = 1
    row = blur(spike)[0, 0, 0]
    assert (row > 0).sum() == BLUR_KERNEL
    ratio = row[2 * BLUR_KERNEL + 40] / row[2 * BLUR_KERNEL]
    assert ratio.item() == pytest.approx(2.718281828 ** (-0.5 * (40 / BLUR_SIGMA) ** 2), rel=1e-5)


@pytest.mark.parametrize("changes", [{"reading": "percent"}, {"action": "mosaic"}])
def test_unknown_choices_are_refused(safety, pictures, changes):
    with pytest.raises(InputError, match="expected one of"):
        check(safety, pictures, **changes)


@pytest.mark.parametrize(
    ("size", "box"),
    [  # reference 7.3
        ((64, 64), (61, 61, 64, 64)),
        ((256, 256), (238, 238, 253, 253)),
        ((1024, 1024), (948, 948, 1010, 1010)),
    ],
)
def test_the_box_scales_with_the_picture(size, box):
    assert mark_box(*size) == box


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (17, 400), (400, 17), (5000, 3)])
def test_the_box_never_leaves_the_picture(size):
    left, top, right, bottom = mark_box(*size)
    assert 0 <= left <= right <= size[0]
    assert 0 <= top <= bottom <= size[1]


def test_only_the_box_changes():
    picture = torch.full((2, 64, 96, 3), 0.25)
    (marked,) = IFWatermark().run(picture, "this project's")
    left, top, right, bottom = mark_box(96, 64)
    changed = (marked != picture).any(dim=3)
    assert changed[:, top:bottom, left:right].any()
    changed[:, top:bottom, left:right] = False
    assert not changed.any()


def test_a_picture_too_small_for_a_mark_passes_unchanged():
    picture = torch.full((1, 16, 16, 3), 0.25)
    assert torch.equal(IFWatermark().run(picture, "this project's")[0], picture)


def test_the_bundled_mark_is_the_drawn_one():
    drawn, bundled = draw_mark(), load_mark()
    assert (bundled.mode, bundled.size) == ("RGBA", (62, 62))
    differences = (abs(a - b) for a, b in zip(drawn.tobytes(), bundled.tobytes(), strict=True))
    assert sum(differences) / len(drawn.tobytes()) < 4  # font rendering differs between versions


def test_a_checkpoints_own_mark_is_used(tmp_path):
    levels = torch.zeros(62, 62, 4)
    levels[..., 0] = levels[..., 3] = 255  # opaque red
    (tmp_path / "watermarker").mkdir()
    file = tmp_path / "watermarker" / "diffusion_pytorch_model.safetensors"
    save_file({"watermark_image": levels}, file)
    assert load_mark(tmp_path).getpixel((5, 5)) == (255, 0, 0, 255)
    file.write_bytes(b"cut")
    with pytest.raises(CheckpointError, match="download it again"):
        load_mark(tmp_path)


def test_an_opaque_mark_replaces_and_an_invisible_one_keeps():
    from if_graph.cascade.watermark import paste_mark

    pixels = torch.rand(1, 3, 4, 4) * 2 - 1
    assert_close(paste_mark(pixels, Image.new("RGBA", (62, 62), (255, 0, 0, 0))), pixels)
    red = paste_mark(pixels, Image.new("RGBA", (62, 62), (255, 0, 0, 255)))
    assert_close(red[0, :, 0, 0], torch.tensor([1.0, -1.0, -1.0]))
