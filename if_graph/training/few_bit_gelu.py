"""GELU whose backward pass remembers a few bits per value instead of the value itself.

Forward is exact. The derivative is rounded to one of 2, 4, 8 or 16 levels, chosen so that its squared error
is least, and only the level's number is kept for the backward pass.

Source: Novikov et al. 2022, sections 3 and 4 (arXiv:2202.00441).
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.overrides import TorchFunctionMode

_REACH = 8.0  # beyond, the derivative is 0 or 1 to within 1e-12
_CELLS = 1600
_PLACES = (1, 2, 4, 8, 16, 32, 64, 128)


class FewBitGELU(TorchFunctionMode):
    """While entered, every exact GELU that is called keeps ``bits`` bits per value for its backward pass.

    Args:
        bits: 1..4.
    """

    def __init__(self, bits: int) -> None:
        super().__init__()
        self._bits = bits

    def __torch_function__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        options = dict(kwargs or {})
        if func is F.gelu and options.get("approximate", "none") == "none":
            return few_bit_gelu(args[0], self._bits)
        return func(*args, **options)


def few_bit_gelu(x: Tensor, bits: int) -> Tensor:
    """Return GELU of ``x``, any shape, exactly; its gradient is rounded to ``2 ** bits`` levels."""
    out: Tensor = _FewBit.apply(x, bits)  # type: ignore[no-untyped-call]
    return out


class _FewBit(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, bits: int) -> Tensor:
        borders, levels = (torch.tensor(row, device=x.device) for row in levels_of(bits))
        plain = x.detach().float().contiguous()
        ctx.save_for_backward(pack(torch.bucketize(plain, borders, out_int32=True), bits))
        ctx.levels, ctx.shape = levels, x.shape
        return F.gelu(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        numbers = unpack(ctx.saved_tensors[0], ctx.shape.numel(), len(ctx.levels).bit_length() - 1)
        derivative = ctx.levels.to(gradient.dtype)[numbers].view(ctx.shape)
        return gradient * derivative, None


@lru_cache
def levels_of(bits: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return ``2 ** bits - 1`` borders and ``2 ** bits`` levels that stand for GELU's derivative best.

    Between two borders the level, its mean there, is taken for the derivative; borders make the integral of
    the squared error least, by dynamic programming over a grid.
    """
    edges = np.linspace(-_REACH, _REACH, _CELLS + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    values = np.array([derivative_of(x) for x in centres])
    cuts = _best_cuts(values, 2**bits)
    levels = [values[start:end].mean() for start, end in zip([0, *cuts], [*cuts, _CELLS], strict=True)]
    return tuple(float(edges[cut]) for cut in cuts), tuple(float(level) for level in levels)


def derivative_of(x: float) -> float:
    """Return GELU's derivative, Phi(x) + x phi(x)."""
    return 0.5 * (1 + math.erf(x / math.sqrt(2))) + x * math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def _best_cuts(values: NDArray[np.float64], pieces: int) -> list[int]:
    """Cut a row of values so that the squared distance from each piece's mean is least."""
    costs = _costs(values)
    best = costs[0]
    choices: list[NDArray[np.intp]] = []
    for _ in range(pieces - 1):
        totals = best[:, None] + costs  # the last piece starts at the row, ends at the column
        choices.append(totals.argmin(axis=0))
        best = totals.min(axis=0)
    cuts, end = [], len(values)
    for choice in reversed(choices):
        end = int(choice[end])
        cuts.append(end)
    return cuts[::-1]


def _costs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distance from the mean of ``values[i:j]``, [N + 1, N + 1]; infinite where j < i."""
    count = np.arange(len(values) + 1)
    sums = np.concatenate([[0.0], values.cumsum()])
    squares = np.concatenate([[0.0], (values**2).cumsum()])
    length = count[None] - count[:, None]
    mean_part = (sums[None] - sums[:, None]) ** 2 / np.maximum(length, 1)
    costs: NDArray[np.float64] = np.where(length >= 0, squares[None] - squares[:, None] - mean_part, np.inf)
    return costs


def pack(numbers: Tensor, bits: int) -> Tensor:
    """Pack numbers below ``2 ** bits``, any shape, into bytes [bits, ceil(N / 8)], a row for each bit."""
    flat = numbers.flatten().to(torch.uint8)
    flat = F.pad(flat, (0, -len(flat) % 8)).view(-1, 8)
    places = torch.tensor(_PLACES, dtype=torch.uint8, device=flat.device)
    return torch.stack([((flat >> bit & 1) * places).sum(dim=1, dtype=torch.uint8) for bit in range(bits)])


def unpack(packed: Tensor, count: int, bits: int) -> Tensor:
    """Return the first ``count`` numbers that :func:`pack` packed, int32 [count]."""
    places = torch.arange(8, dtype=torch.uint8, device=packed.device)
    planes = (packed[:, :, None] >> places & 1).view(bits, -1)[:, :count].int()
    return sum((planes[bit] << bit for bit in range(1, bits)), planes[0])
