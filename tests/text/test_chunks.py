import logging

import pytest
import torch

from if_graph.errors import InputError
from if_graph.text import load_text_encoder
from if_graph.text.tokenizer import EOS_ID, PAD_ID, Tokenizer

LONG = "a photo of a red cat on a blue mat, two dogs, one ball: a game in the park"


@pytest.fixture
def tokenizer(spiece_model):
    return Tokenizer(spiece_model, length=12)


def words_of(tokenizer, run):
    return tokenizer._pieces.decode([int(i) for i in run if i not in (EOS_ID, PAD_ID)])


def test_chunks_hold_the_whole_text_word_by_word(tokenizer):
    tokens = tokenizer([LONG], chunks=16)
    runs = tokens.ids[0].view(-1, 12)
    assert " ".join(words_of(tokenizer, run) for run in runs) == tokenizer._pieces.decode(
        tokenizer._pieces.encode(LONG)
    )
    assert tokens.cut == ("",)
    assert all((run == EOS_ID).sum() == 1 for run in runs)
    assert tokens.mask.sum() == (tokens.ids != PAD_ID).sum()


def test_what_no_chunk_holds_is_cut_and_told(tokenizer, caplog):
    with caplog.at_level(logging.WARNING):
        cut = tokenizer([LONG], chunks=2).cut[0]
    assert cut
    assert LONG.endswith(cut.strip())
    assert "more than 24 tokens" in caplog.text


def test_asking_what_would_be_cut_is_silent(tokenizer, caplog):
    assert tokenizer.cut([LONG, "a cat"]) == tokenizer([LONG, "a cat"]).cut
    caplog.clear()
    tokenizer.cut([LONG])
    assert not caplog.records


def test_all_texts_get_as_many_chunks_as_the_longest_needs(tokenizer):
    tokens = tokenizer(["a cat", LONG], chunks=16)
    assert tokens.ids.shape[1] % 12 == 0
    assert tokenizer(["a cat"], chunks=16).ids.shape == (1, 12)
    assert tokens.ids[0, 12:].view(-1, 12)[:, 0].eq(EOS_ID).all()  # empty runs hold the end mark only


def test_one_chunk_is_what_it_always_was(tokenizer):
    assert torch.equal(tokenizer([LONG], chunks=1).ids, tokenizer([LONG]).ids)


def test_fewer_than_one_chunk_is_refused(tokenizer):
    with pytest.raises(InputError, match="got 0 chunks, expected at least 1"):
        tokenizer(["a cat"], chunks=0)


def test_each_chunk_is_encoded_by_itself(tiny_folder):
    encoder = load_text_encoder(tiny_folder)
    encoder.tokenizer.length = 12
    both = encoder.encode(["a red cat", LONG], chunks=2)
    assert both.states.shape == (2, 24, 32)
    assert torch.equal(both.states[0, :12], encoder.encode(["a red cat"]).states[0])
    assert torch.equal(both.states[0, 12:], encoder.encode([""]).states[0])
