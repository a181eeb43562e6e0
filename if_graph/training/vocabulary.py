"""A tokenizer learned from captions, laid out as T5's: pad 0, eos 1, unk 2, no bos."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import sentencepiece

from if_graph.files import unfinished
from if_graph.text.tokenizer import WORD_START


def train_tokenizer(texts: Iterable[str], size: int, path: Path, words: Sequence[str] = ()) -> None:
    """Learn a SentencePiece model of at most ``size`` pieces and write it to ``path``.

    Args:
        texts: captions to learn from.
        size: most pieces.
        path: where the model goes.
        words: whole words that become one piece each; where they cover the texts, all else is spelled out in
            letters, as the words on signs should be.
    """
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, vocab_size=size, hard_vocab_limit=False,
        model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1, character_coverage=1.0,
        byte_fallback=False, minloglevel=2,
        user_defined_symbols=[f"{WORD_START}{word}" for word in words],
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    with unfinished(path) as part:
        part.write_bytes(model.getvalue())
