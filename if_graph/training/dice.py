"""Random numbers of one training step, which do not depend on how many processes share its pictures."""

import torch
from torch import Tensor


class Dice:
    """Draws for all pictures of a step and keeps the rows of one process.

    A step's pictures, times and noise follow from seed and step; the rank only says which rows are its own.
    So two processes train on what one would have trained on.

    Args:
        seed: of the run.
        step: steps done so far.
        rank: number of this process, from 0.
        count: of processes.
    """

    def __init__(self, seed: int, step: int, rank: int = 0, count: int = 1) -> None:
        self._generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        self._rank, self._count = rank, count

    def whole(self, high: int, rows: int) -> Tensor:
        """Return this process's ``rows`` whole numbers of [0, high)."""
        return self._mine(torch.randint(0, high, (rows * self._count,), generator=self._generator))

    def share(self, rows: int) -> Tensor:
        """Return this process's ``rows`` numbers of [0, 1)."""
        return self._mine(torch.rand(rows * self._count, generator=self._generator))

    def normal(self, shape: torch.Size) -> Tensor:
        """Return this process's standard normal numbers, [B, ...]."""
        return self._mine(torch.randn((shape[0] * self._count, *shape[1:]), generator=self._generator))

    def _mine(self, drawn: Tensor) -> Tensor:
        return drawn.chunk(self._count)[self._rank]
