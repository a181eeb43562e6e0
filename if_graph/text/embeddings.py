"""What the cascade knows of a prompt: one vector per token, and which tokens are real."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from if_graph.errors import InputError


@dataclass(frozen=True, eq=False)
class TextEmbeddings:
    """Encoded prompts, one row each; values are never changed in place, every method returns a new record.

    Args:
        states: last hidden states of the encoder, [B, L, E], float32 as encoded.
        mask: True where a token (the end mark included) stands, False on padding, [B, L], bool. Only the text
            encoder uses it: the U-Nets were trained to see the padded positions too.
        prompts: the text behind each row, as the user wrote it.

    Raises:
        InputError: if the three do not describe the same rows and positions.
    """

    states: Tensor
    mask: Tensor
    prompts: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.states.ndim != 3 or self.mask.shape != self.states.shape[:2]:
            raise InputError(
                f"text embeddings: got states {list(self.states.shape)} and mask {list(self.mask.shape)}, "
                "expected [B, L, E] and [B, L]; pass both as the text encoder returned them"
            )
        if len(self.prompts) != len(self.states):
            raise InputError(
                f"text embeddings: got {len(self.prompts)} prompts for {len(self.states)} rows, "
                "expected one each; name the prompt of every row"
            )

    def __len__(self) -> int:
        """Return the number of rows, B."""
        return len(self.prompts)

    @property
    def length(self) -> int:
        """Number of token positions, L."""
        return self.states.shape[1]

    def repeat(self, copies: int) -> "TextEmbeddings":
        """Return every row ``copies`` times, the copies of one prompt side by side.

        Args:
            copies: how many images each prompt is for, at least 1.

        Raises:
            InputError: if ``copies`` is below 1.
        """
        if copies < 1:
            raise InputError(
                f"text embeddings: got {copies} copies, expected at least 1; raise the image count"
            )
        return TextEmbeddings(
            self.states.repeat_interleave(copies, dim=0),
            self.mask.repeat_interleave(copies, dim=0),
            tuple(prompt for prompt in self.prompts for _ in range(copies)),
        )

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "TextEmbeddings":
        """Return the same rows on ``device`` with states in ``dtype``; None keeps what is there."""
        return TextEmbeddings(self.states.to(device, dtype), self.mask.to(device), self.prompts)

    def to_tensors(self) -> dict[str, Any]:
        """Return what a cache may write to a file; :meth:`from_tensors` makes the record of it again."""
        return {"states": self.states, "mask": self.mask, "prompts": self.prompts}

    @classmethod
    def from_tensors(cls, parts: dict[str, Any]) -> "TextEmbeddings":
        """Make a record of what :meth:`to_tensors` returned."""
        return cls(**parts)

    def split(self) -> "list[TextEmbeddings]":
        """Return each row as a record of its own."""
        parts = zip(self.states.chunk(len(self)), self.mask.chunk(len(self)), self.prompts, strict=True)
        return [TextEmbeddings(states, mask, (prompt,)) for states, mask, prompt in parts]

    @staticmethod
    def concat(parts: "Sequence[TextEmbeddings]") -> "TextEmbeddings":
        """Join the rows of ``parts``, in order.

        Args:
            parts: at least one record, all of one L and one E, on one device.

        Raises:
            InputError: if there is nothing to join, or the parts differ in L or E.
        """
        shapes = [list(part.states.shape[1:]) for part in parts]
        if not shapes or any(shape != shapes[0] for shape in shapes):
            raise InputError(
                f"text embeddings: got parts of [L, E] {shapes}, expected at least one and all alike; "
                "encode every prompt with the same text encoder"
            )
        return TextEmbeddings(
            torch.cat([part.states for part in parts]),
            torch.cat([part.mask for part in parts]),
            tuple(prompt for part in parts for prompt in part.prompts),
        )
