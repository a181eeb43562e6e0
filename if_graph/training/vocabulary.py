"""A tokenizer learned from captions, laid out as T5's: pad 0, eos 1, unk 2, no bos."""

import io
from collections.abc import Iterable
from pathlib import Path

import sentencepiece

from if_graph.files import unfinished


def train_tokenizer(texts: Iterable[str], size: int, path: Path) -> None:
    """Learn a SentencePiece model of at most ``size`` pieces and write it to ``path``."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, vocab_size=size, hard_vocab_limit=False,
        model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1, character_coverage=1.0,
        byte_fallback=False, minloglevel=2,
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    with unfinished(path) as part:
        part.write_bytes(model.getvalue())
