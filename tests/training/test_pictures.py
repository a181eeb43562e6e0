import random

import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from if_graph.cascade.low_res import enlarge
from if_graph.errors import InputError
from if_graph.training.pictures import FolderPictures, Framing, shifted_centre_crop
from if_graph.training.super_res import CropPictures, enlarged_windows


def coordinates(width, height):
    """A picture whose red and green say where each pixel lies."""
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    return Image.fromarray(np.stack([columns, rows, 0 * rows], axis=2).astype(np.uint8))


@pytest.mark.parametrize("size", [(60, 60), (90, 60), (60, 200)])
@pytest.mark.parametrize("seed", range(5))
def test_a_shifted_crop_stays_inside_and_near_the_centre(size, seed):
    crop = np.asarray(shifted_centre_crop(coordinates(*size), 60, 0.1, random.Random(seed)))
    left, top = int(crop[0, 0, 0]), int(crop[0, 0, 1])
    assert (crop[0, -1, 0] - left, crop[-1, 0, 1] - top) == (59, 59)  # whole: no border was made up
    assert abs(left - (size[0] - 60) // 2) <= 6
    assert abs(top - (size[1] - 60) // 2) <= 6


def test_a_folder_serves_pixels_and_cleaned_captions(pictures_folder):
    pictures = FolderPictures(pictures_folder, Framing(8, None, 0.1, seed=0))
    batch = pictures.batch([0, 2])
    assert batch.captions == ("a dark square on blue", "a dark square on red")
    assert (batch.pixels.shape, batch.low_res) == ((2, 3, 8, 8), None)
    assert -1 <= batch.pixels.min() < batch.pixels.max() <= 1
    assert torch.equal(pictures.batch([2]).pixels[0], batch.pixels[1])


def test_a_folder_serves_super_resolution_the_enlarged_small_picture(pictures_folder):
    batch = FolderPictures(pictures_folder, Framing(16, 4, 0.0, seed=0)).batch([0])
    assert batch.low_res.shape == (1, 3, 16, 16)
    assert (batch.low_res - batch.pixels).abs().mean() < 0.3


def test_pictures_without_captions_are_an_error(pictures_folder):
    for path in pictures_folder.glob("*.txt"):
        path.unlink()
    with pytest.raises(InputError, match=r"put NAME\.txt beside each NAME\.png"):
        FolderPictures(pictures_folder, Framing(8, None, 0.1, seed=0))


@pytest.mark.parametrize("corner", [(0, 0), (3, 5), (12, 12), (12, 0)])
def test_a_window_of_the_enlarged_picture_needs_only_a_margin_of_one(wave, corner):
    low = wave(1, 3, 16, 16, f=0.9)
    x, y = corner
    padded = torch.nn.functional.pad(low, (1, 1, 1, 1), mode="replicate")
    window = enlarged_windows(padded[:, :, y : y + 6, x : x + 6], torch.tensor([corner]), 16, 64)
    wanted = enlarge(low, (64, 64))[:, :, 4 * y : 4 * y + 16, 4 * x : 4 * x + 16]
    assert_close(window, wanted, atol=2e-6, rtol=0)  # float32 sums of four products


def test_crops_carry_their_own_condition():
    rng = np.random.default_rng(0)
    high = rng.integers(0, 256, (5, 8, 8, 3), np.uint8)
    around = np.broadcast_to(np.arange(5, dtype=np.uint8)[:, None, None, None], (5, 4, 4, 3))
    pictures = CropPictures(high, around, np.zeros((5, 2), np.uint8), list("abcde"), whole=32)
    batch = pictures.batch([3, 1])
    assert batch.captions == ("d", "b")
    assert batch.pixels.shape == batch.low_res.shape == (2, 3, 8, 8)
    assert_close(batch.low_res.mean(dim=(1, 2, 3)), torch.tensor([3, 1]) / 127.5 - 1)
