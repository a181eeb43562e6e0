"""The vocabulary file of a checkpoint's tokenizer -> what splits text into its pieces."""

import json
from pathlib import Path
from typing import Any, Protocol

import sentencepiece

from if_graph.errors import CheckpointError

PUBLISHED, REWRITTEN = "spiece.model", "tokenizer.json"
"""SentencePiece's own file, and what recent versions of transformers write in its place."""

_UNKNOWN = " \u2047 "  # what SentencePiece writes for a letter it does not know
_WANTED = "expected a SentencePiece model; take tokenizer/spiece.model from the official checkpoint"


class Pieces(Protocol):
    """Splits text into numbered pieces and joins them again."""

    def encode(self, text: str) -> list[int]:
        """Return the ids of the pieces, without an end mark; names of special tokens are plain text."""

    def decode(self, ids: list[int]) -> str:
        """Return the text of the pieces."""

    def id_to_piece(self, piece: int) -> str:
        """Return a piece as it is written in the vocabulary."""


class RewrittenPieces:
    """What a ``tokenizer.json`` says of a SentencePiece model, through the library that transformers uses.

    Args:
        fields: the parsed file.
    """

    def __init__(self, fields: dict[str, Any]) -> None:
        from tokenizers import Tokenizer  # comes with transformers; the published layout does without

        special = {token["content"] for token in fields["added_tokens"]}
        # text is split at spaces first, so a name that begins with one is never found in it
        vocabulary = [(f" {p}" if p in special else p, score) for p, score in fields["model"]["vocab"]]
        vocabulary[fields["model"]["unk_id"]] = (_UNKNOWN, 0.0)
        model = fields["model"] | {"vocab": vocabulary}
        plain = fields | {"added_tokens": [], "post_processor": None, "model": model}
        self._tokenizer = Tokenizer.from_str(json.dumps(plain | {"truncation": None, "padding": None}))

    def encode(self, text: str) -> list[int]:
        """Return the ids of the pieces."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: list[int]) -> str:
        """Return the text of the pieces."""
        text: str = self._tokenizer.decode(ids)
        return text

    def id_to_piece(self, piece: int) -> str:
        """Return a piece as it is written in the vocabulary."""
        name: str = self._tokenizer.id_to_token(piece) or ""
        return name


def find_pieces(folder: Path) -> Path:
    """Return the vocabulary file of a ``tokenizer`` folder; that of the published layout if none is there."""
    is_rewritten = (folder / REWRITTEN).is_file() and not (folder / PUBLISHED).is_file()
    return folder / (REWRITTEN if is_rewritten else PUBLISHED)


def load_pieces(file: Path) -> Pieces:
    """Read a vocabulary file, of the kind that its name says.

    Raises:
        CheckpointError: if it is missing or unreadable.
    """
    if not file.is_file():
        raise CheckpointError(f"tokenizer: got no file {file}, {_WANTED}")
    try:
        if file.name == REWRITTEN:
            return RewrittenPieces(json.loads(file.read_text(encoding="utf-8")))
        pieces: Pieces = sentencepiece.SentencePieceProcessor(model_file=str(file))
        return pieces
    except Exception as error:  # the tokenizers library raises bare Exceptions
        raise CheckpointError(f"tokenizer: got unreadable {file} ({error}), {_WANTED}") from error
