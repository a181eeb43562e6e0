"""The one conversion between pixels and IMAGE."""

import pytest
import torch
from if_graph_nodes.images import from_image, from_picture, mask_of, to_image, to_levels
from PIL import Image
from torch.testing import assert_close

from if_graph.errors import InputError


def test_pixels_survive_the_way_through_an_image():
    pixels = torch.rand(2, 3, 4, 6) * 2 - 1
    assert_close(from_image(to_image(pixels)), pixels, atol=1e-6, rtol=0)


def test_an_image_is_channels_last_and_within_0_and_1():
    image = to_image(torch.tensor([-3.0, 0.0, 3.0])[None, :, None, None].expand(1, 3, 2, 5))
    assert image.shape == (1, 2, 5, 3)
    assert image[0, 0, 0].tolist() == [0.0, 0.5, 1.0]


def test_levels_truncate_as_comfyui_does():
    assert to_levels(torch.tensor([[[0.999, 0.5, 2.0]]])).tolist() == [[[254, 127, 255]]]


def test_an_alpha_channel_is_left_out():
    assert from_image(torch.zeros(1, 2, 2, 4)).shape == (1, 3, 2, 2)


@pytest.mark.parametrize("shape", [(2, 2, 3), (1, 2, 2, 1), (1, 3, 4, 2)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(InputError, match="expected"):
        from_image(torch.zeros(shape))


def test_a_picture_becomes_an_image_and_its_transparency_a_mask():
    picture = Image.new("RGBA", (3, 2), (255, 0, 0, 0))
    assert from_picture(picture)[0, 0, 0].tolist() == [1.0, 0.0, 0.0]
    assert_close(mask_of(picture), torch.ones(1, 2, 3))
    assert_close(mask_of(Image.new("RGB", (3, 2))), torch.zeros(1, 64, 64))
