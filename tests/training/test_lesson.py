"""The text encoder's first lesson."""

import numpy as np
import pytest
import torch

from if_graph.text.tokenizer import Tokenizer
from if_graph.training.lesson import teach_text, thumbnails
from if_graph.training.pictures import MemoryPictures
from if_graph.training.trainable import new_text_encoder
from if_graph.training.vocabulary import train_tokenizer

TINY = {"d_model": 32, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}


@pytest.fixture
def pictures():
    levels = np.zeros((2, 16, 16, 3), dtype=np.uint8)
    levels[0, ..., 0], levels[1, ..., 2] = 255, 255
    return MemoryPictures(levels, ["a red wall", "a blue wall"])


def test_the_lesson_makes_captions_tell_their_pictures_apart(pictures, tmp_path):
    train_tokenizer(pictures.captions * 20, 40, tmp_path / "spiece.model")
    torch.manual_seed(0)
    encoder = new_text_encoder(TINY, 40)
    reports = list(teach_text(encoder, Tokenizer(tmp_path / "spiece.model"), pictures, 80, seed=0))
    assert [report.step for report in reports] == list(range(1, 81))
    assert reports[-1].loss < 0.25 * reports[0].loss


def test_the_lesson_tells_apart_what_looks_alike(tmp_path):
    captions = ["cat left of dog", "dog left of cat"]
    pictures = MemoryPictures(np.zeros((2, 16, 16, 3), dtype=np.uint8), captions)
    train_tokenizer(captions * 20, 20, tmp_path / "spiece.model")
    torch.manual_seed(0)
    encoder = new_text_encoder(TINY, 40)
    *_, last = teach_text(encoder, Tokenizer(tmp_path / "spiece.model"), pictures, 250, seed=0)
    assert last.loss < np.log(2) + 0.2  # two equal pictures cannot be matched; all else is known


def test_thumbnails_keep_colours(pictures):
    shrunk = thumbnails(pictures.batch([0]).pixels).reshape(3, 8, 8)
    assert shrunk.amax(dim=(1, 2)).tolist() == [1.0, -1.0, -1.0]
