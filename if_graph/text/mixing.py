"""Several embeddings become one: the weighted mean of what they say at each position."""

from collections.abc import Sequence

import torch

from if_graph.errors import InputError
from if_graph.text.embeddings import TextEmbeddings


def mix(parts: Sequence[TextEmbeddings], weights: Sequence[float]) -> TextEmbeddings:
    """Return the weighted mean of ``parts``; weights are divided by their sum.

    Args:
        parts: at least one, all of one L and one E, each of B rows or of one, which then meets every row.
        weights: one a part; negative ones lead away from it, as long as the sum is above 0.

    Returns:
        B rows; a position counts as real where any part with a weight has a token.

    Raises:
        InputError: if the parts do not fit each other, or the weights do not add up to more than 0.
    """
    total, rows = sum(weights), max((len(part) for part in parts), default=0)
    if not total > 0 or len(weights) != len(parts):
        raise InputError(
            f"mixing embeddings: got weights {list(weights)} for {len(parts)} parts, expected one each and a "
            "sum above 0; raise one of them"
        )
    _check(parts, rows)
    used = [(part, weight / total) for part, weight in zip(parts, weights, strict=True) if weight]
    states = sum((part.states.float() * share for part, share in used), torch.zeros(rows, 1, 1))
    masks = torch.stack([part.mask.bool().expand(rows, -1) for part, _ in used])
    return TextEmbeddings(states, masks.any(dim=0), tuple(_words(used, row) for row in range(rows)))


def _check(parts: Sequence[TextEmbeddings], rows: int) -> None:
    shapes = [list(part.states.shape) for part in parts]
    if any(shape[1:] != shapes[0][1:] or shape[0] not in (1, rows) for shape in shapes):
        raise InputError(
            f"mixing embeddings: got [B, L, E] {shapes}, expected one L, one E and one number of rows; "
            "encode every prompt with the same text encoder and number of chunks"
        )


def _words(used: Sequence[tuple[TextEmbeddings, float]], row: int) -> str:
    return " + ".join(f"{share:.3g} * {part.prompts[row % len(part)]}" for part, share in used)
