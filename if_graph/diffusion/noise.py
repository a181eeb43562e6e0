"""Standard normal noise from explicit CPU generators, so that every host draws the same numbers."""

from collections.abc import Sequence

import torch
from torch import Tensor

from if_graph.errors import InputError

Generators = torch.Generator | Sequence[torch.Generator]
"""One CPU generator for a whole batch, or one for each of its rows."""


def draw_noise(shape: Sequence[int], generators: Generators, device: torch.device | str = "cpu") -> Tensor:
    """Draw float32 noise of ``shape`` [B, ...] on the CPU and move it to ``device``.

    With one generator per row, row i depends on generator i alone, whatever else is in the batch.

    Raises:
        InputError: if there are neither one nor B generators.
    """
    if isinstance(generators, torch.Generator):
        return torch.randn(tuple(shape), generator=generators).to(device)
    if len(generators) != shape[0]:
        raise InputError(
            f"got {len(generators)} generators for a batch of {shape[0]}; expected one, or one a row"
        )
    rows = [torch.randn((1, *shape[1:]), generator=generator) for generator in generators]
    return (torch.cat(rows) if len(rows) > 1 else rows[0]).to(device)
