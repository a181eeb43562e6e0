"""Text becomes T5 token ids of a fixed length, by the vocabulary of a checkpoint."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from if_graph.errors import InputError
from if_graph.text.pieces import load_pieces

PAD_ID = 0
"""T5's padding id."""
EOS_ID = 1
"""T5's end mark; there is no start mark."""
MAX_TOKENS = 77
"""Tokens per prompt that IF was trained with, the end mark included."""
WORD_START = "\u2581"
"""SentencePiece's sign for a space; pieces that begin a word carry it."""

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
        model_file: a SentencePiece model, ``tokenizer/spiece.model`` in an official folder, or the
            ``tokenizer.json`` that recent versions of transformers write in its place.
        length: tokens per text, the end mark included, at least 1.

    Raises:
        CheckpointError: if the file is missing or unreadable.
        InputError: if ``length`` is below 1.
    """

    def __init__(self, model_file: Path, length: int = MAX_TOKENS) -> None:
        if length < 1:
            raise InputError(f"tokenizer: got length {length}, expected at least 1; IF uses {MAX_TOKENS}")
        self.length = length
        self._pieces = load_pieces(model_file)

    def __call__(self, texts: Sequence[str], chunks: int = 1) -> Tokens:
        """Turn texts into ids [B, n * L]; what does not fit is cut, kept in ``Tokens.cut`` and logged.

        Args:
            texts: at least one, already cleaned.
            chunks: how many runs of L tokens a text may fill. All texts get as many as the longest needs, at
                most this many, n; every run has its own end mark, and the next one starts with a word.

        Raises:
            InputError: if ``texts`` is empty, or one string instead of several, or ``chunks`` is below 1.
        """
        if isinstance(texts, str) or not texts:
            raise InputError(f"tokenizer: got {texts!r}, expected a list of at least one text; write [text]")
        if chunks < 1:
            raise InputError(f"tokenizer: got {chunks} chunks, expected at least 1")
        split = [self._split(text, chunks) for text in texts]
        for _, cut in split:
            self._warn(cut, chunks)
        most = max(len(runs) for runs, _ in split)
        runs = [[*runs, *[[EOS_ID]] * (most - len(runs))] for runs, _ in split]
        ids = torch.tensor([[self._pad(run) for run in row] for row in runs])  # [B, n, L]
        lengths = torch.tensor([[[len(run)] for run in row] for row in runs])
        mask = torch.arange(self.length) < lengths
        return Tokens(ids.flatten(1), mask.flatten(1), tuple(cut for _, cut in split))

    def cut(self, texts: Sequence[str], chunks: int = 1) -> tuple[str, ...]:
        """Return the words of each text that would find no place, silently."""
        return tuple(self._split(text, chunks)[1] for text in texts)

    def _split(self, text: str, chunks: int) -> tuple[list[list[int]], str]:
        """Return runs of ids, each with its end mark, and the words left over."""
        ids: list[int] = self._pieces.encode(text)
        runs: list[list[int]] = []
        while len(runs) < chunks and (ids or not runs):
            end = self.length - 1  # the end mark always has its place
            if len(ids) > end and len(runs) < chunks - 1:
                end = self._last_word_start(ids, end)
            runs.append([*ids[:end], EOS_ID])
            ids = ids[end:]
        return runs, self._pieces.decode(ids) if ids else ""

    def _last_word_start(self, ids: list[int], room: int) -> int:
        starts = (i for i in range(room, 0, -1) if self._pieces.id_to_piece(ids[i]).startswith(WORD_START))
        return next(starts, room)

    def _warn(self, cut: str, chunks: int) -> None:
        if cut:
            _log.warning(
                "the prompt has more than %d tokens, the model does not see its end: %r",
                self.length * chunks,
                cut,
            )

    def _pad(self, ids: list[int]) -> list[int]:
        return ids + [PAD_ID] * (self.length - len(ids))
