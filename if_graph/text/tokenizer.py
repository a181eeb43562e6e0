"""Text becomes T5 token ids of a fixed length, read from the checkpoint's ``spiece.model``."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch
from torch import Tensor

from if_graph.errors import CheckpointError, InputError

PAD_ID = 0
"""T5's padding id."""
EOS_ID = 1
"""T5's end mark; there is no start mark."""
MAX_TOKENS = 77
"""Tokens per prompt that IF was trained with, the end mark included."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Tokens:
    """Texts as ids.

    Args:
        ids: token ids, the end mark behind the last one, then padding, [B, L], int64.
        mask: True up to and including the end mark, [B, L], bool.
        cut: per text, the words that found no place; an empty string where all did.
    """

    ids: Tensor
    mask: Tensor
    cut: tuple[str, ...]


class Tokenizer:
    """Split texts as T5 v1.1 does.

    Ids equal those of transformers' T5 tokenizer, except that the names of special tokens, such as ``</s>``,
    are plain text here: a prompt cannot end itself early.

    Args:
        model_file: a SentencePiece model, ``tokenizer/spiece.model`` in an official folder.
        length: tokens per text, the end mark included, at least 1.

    Raises:
        CheckpointError: if the file is missing or no SentencePiece model.
        InputError: if ``length`` is below 1.
    """

    def __init__(self, model_file: Path, length: int = MAX_TOKENS) -> None:
        if length < 1:
            raise InputError(f"tokenizer: got length {length}, expected at least 1; IF uses {MAX_TOKENS}")
        self.length = length
        self._pieces = _load_pieces(model_file)

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Turn texts into ids [B, L]; what does not fit is cut, kept in ``Tokens.cut`` and logged.

        Args:
            texts: at least one, already cleaned.

        Raises:
            InputError: if ``texts`` is empty, or one string instead of several.
        """
        if isinstance(texts, str) or not texts:
            raise InputError(f"tokenizer: got {texts!r}, expected a list of at least one text; write [text]")
        split = [self._split(text) for text in texts]
        ids = torch.tensor([self._pad(kept) for kept, _ in split])
        lengths = torch.tensor([[len(kept)] for kept, _ in split])
        return Tokens(ids, torch.arange(self.length) < lengths, tuple(cut for _, cut in split))

    def _split(self, text: str) -> tuple[list[int], str]:
        ids = self._pieces.encode(text)
        room = self.length - 1  # the end mark always has its place
        cut = self._pieces.decode(ids[room:]) if len(ids) > room else ""
        if len(ids) > room:
            _log.warning(
                "the prompt has more than %d tokens, the model does not see its end: %r", self.length, cut
            )
        return [*ids[:room], EOS_ID], cut

    def _pad(self, ids: list[int]) -> list[int]:
        return ids + [PAD_ID] * (self.length - len(ids))


def _load_pieces(model_file: Path) -> sentencepiece.SentencePieceProcessor:
    wanted = "expected a SentencePiece model; take tokenizer/spiece.model from the official checkpoint"
    if not model_file.is_file():
        raise CheckpointError(f"tokenizer: got no file {model_file}, {wanted}")
    try:
        return sentencepiece.SentencePieceProcessor(model_file=str(model_file))
    except (RuntimeError, OSError, ValueError) as error:
        raise CheckpointError(f"tokenizer: got unreadable {model_file} ({error}), {wanted}") from error
