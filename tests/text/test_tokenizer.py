import logging

import pytest
import sentencepiece
import torch

from if_graph.errors import CheckpointError, InputError
from if_graph.text import Tokenizer
from if_graph.text.pieces import find_pieces

TEXTS = (
    "a photo of a red cat on a blue mat",
    "",
    "   ",
    " two  spaces\tand a tab\n",
    "Capitals, ZÜRICH and 日本語 日 本",
    "ｆｕｌｌ width, ﬁne ligature, e\u0301",
    "4k 8k 100% (best) quality!!! …",
    "under_score - dash – dash",
    "🐱🐱 x🐱",
    "a\u200bb \xa0c",
    "word " * 60,
    "x" * 400,
)


def proto_field(message, wanted):
    """The bytes of one length-delimited field of a protobuf message; None where it is not set."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte, at = message[at], at + 1
            value, shift = value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value

    while at < len(message):
        tag = varint()
        size = {0: varint, 1: lambda: 8, 2: varint, 5: lambda: 4}[tag & 7]()
        at += 0 if tag & 7 == 0 else size
        if tag >> 3 == wanted:
            return message[at - size : at]
    return None


@pytest.fixture(scope="session")
def peer(spiece_model):
    """The tokenizer of transformers, given what the file holds; its own reader wants protobuf or tiktoken."""
    transformers = pytest.importorskip("transformers", minversion="5.0", reason="needs transformers 5")
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(spiece_model))
    vocab = [(pieces.id_to_piece(i), pieces.get_score(i)) for i in range(len(pieces))]
    # the normalizer is field 3 of the model, its table field 2 of that
    table = proto_field(proto_field(spiece_model.read_bytes(), 3), 2)
    return transformers.T5Tokenizer(vocab=vocab, _spm_precompiled_charsmap=table, extra_ids=0)


@pytest.mark.parametrize("length", [77, 5])
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_ids_and_mask_equal_those_of_transformers(spiece_model, peer, text, length):
    tokens = Tokenizer(spiece_model, length)([text])
    want = peer([text], padding="max_length", max_length=length, truncation=True, return_tensors="pt")
    assert torch.equal(tokens.ids, want.input_ids)
    assert torch.equal(tokens.mask.long(), want.attention_mask)


@pytest.fixture(scope="session")
def rewritten(peer, tmp_path_factory):
    """The vocabulary as transformers 5 saves it, which is no SentencePiece model any more."""
    folder = tmp_path_factory.mktemp("rewritten")
    peer.save_pretrained(folder)
    assert find_pieces(folder) == folder / "tokenizer.json"
    return folder / "tokenizer.json"


@pytest.mark.parametrize("length", [77, 5])
def test_a_vocabulary_saved_anew_gives_the_same_ids_and_cuts_the_same_words(spiece_model, rewritten, length):
    texts = [*TEXTS, "a </s> b <pad>", "</s>", "<unk>"]
    old, new = (Tokenizer(file, length)(texts, chunks=2) for file in (spiece_model, rewritten))
    assert torch.equal(old.ids, new.ids)
    assert torch.equal(old.mask, new.mask)
    assert old.cut == new.cut


def test_the_published_vocabulary_comes_first(tmp_path):
    (tmp_path / "tokenizer.json").touch()
    (tmp_path / "spiece.model").touch()
    assert find_pieces(tmp_path) == tmp_path / "spiece.model"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"added_tokens": [], "model": {"unk_id": 0, "vocab": []}}']
)
def test_a_vocabulary_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"got unreadable .*tokenizer\.json"):
        Tokenizer(tmp_path / "tokenizer.json")


def test_the_empty_text_is_one_end_mark(spiece_model):
    tokens = Tokenizer(spiece_model)([""])
    assert tokens.ids[0].tolist() == [1] + [0] * 76
    assert tokens.mask[0].tolist() == [True] + [False] * 76


def test_the_end_mark_is_always_there_and_counts(spiece_model):
    tokens = Tokenizer(spiece_model, length=6)(["word " * n for n in range(5)] + ["x" * 99])
    assert (tokens.ids == 1).sum(dim=1).tolist() == [1] * 6
    assert tokens.ids.shape == (6, 6)
    assert torch.equal(tokens.ids.gather(1, tokens.mask.sum(1, keepdim=True) - 1), torch.ones(6, 1).long())


def test_words_that_do_not_fit_are_returned_and_logged(spiece_model, caplog):
    whole = Tokenizer(spiece_model)(["a red cat"])
    used = int(whole.mask.sum())
    with caplog.at_level(logging.WARNING):
        tokens = Tokenizer(spiece_model, used)(["a red cat", "a red cat on a blue mat"])
    assert tokens.cut == ("", "on a blue mat")
    assert caplog.messages == [
        f"the prompt has more than {used} tokens, the model does not see its end: 'on a blue mat'"
    ]


def test_a_text_that_just_fits_is_not_cut(spiece_model, caplog):
    used = int(Tokenizer(spiece_model)(["a red cat"]).mask.sum())
    tokens = Tokenizer(spiece_model, used)(["a red cat"])
    assert (tokens.cut, caplog.messages) == (("",), [])
    assert tokens.mask.all()


def test_names_of_special_tokens_are_plain_text(spiece_model):
    tokens = Tokenizer(spiece_model)(["a </s> b <pad>"])
    assert (tokens.ids == 1).sum() == 1
    assert (tokens.ids[tokens.mask] == 0).sum() == 0


@pytest.mark.parametrize("texts", ["a cat", []])
def test_anything_but_a_list_of_texts_is_refused(spiece_model, texts):
    with pytest.raises(InputError, match="expected a list of at least one text"):
        Tokenizer(spiece_model)(texts)


def test_a_length_without_room_for_the_end_mark_is_refused(spiece_model):
    with pytest.raises(InputError, match="got length 0, expected at least 1"):
        Tokenizer(spiece_model, length=0)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"got no file .*spiece\.model"):
        Tokenizer(tmp_path / "spiece.model")
