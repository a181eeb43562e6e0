"""3x3 convolutions with fewer multiplications, by Winograd's minimal filtering F(m x m, 3 x 3).

Each m x m tile of the result follows from a tile of the input with m + 2 rows and columns: both tile and
filter are carried to (m + 2)^2 points, multiplied there (one matrix product per point over all tiles and
channels), and carried back. Tiles of 4 need a quarter of the multiplications, tiles of 2 four ninths, but
less for the filters. With the points below float32 results lie as close to the true ones as torch's own do.

Source: Lavin & Gray 2016 (arXiv:1509.09308), section 4; points as in Barabasz et al. 2020 (arXiv:1803.10986).
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

_POINTS = {2: (0.0, 1.0, -1.0), 4: (0.0, 2**0.5, -(2**0.5), 2**-0.5, -(2**-0.5))}  # per tile; and infinity
_TILES_AT_ONCE = 2**21  # values of one intermediate result, 8 MB: it stays in the processor's cache
_FILTERS_AT_ONCE = 2**21  # values of carried filters that are used once
_FILTERS_KEPT = 2**22  # of those used for several bands of tiles: what malloc hands out anew is dear


class _Ways(NamedTuple):
    """What carries tiles [n, n], whole filters [n * n, 9] and results back [tile, n]; n is tile + 2."""

    tile: int
    to_points: Tensor
    of_filters: Tensor
    back: Tensor

    @property
    def seen(self) -> int:
        """Rows and columns of the input that a tile needs."""
        return self.tile + 2


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None, tile: int = 4) -> Tensor:
    """Convolve at stride 1 and padding 1, in float32.

    Args:
        x: pictures [B, C_in, H, W].
        weight: filters [C_out, C_in, 3, 3].
        bias: [C_out].
        tile: 2 or 4; 4 pays where there are many tiles for every filter.

    Returns:
        [B, C_out, H, W], channels-last in memory.
    """
    height, width = x.shape[2:]
    down, across = -(-height // tile), -(-width // tile)
    out = x.new_empty(len(x), down * tile, across * tile, len(weight))
    base = x.new_zeros(len(weight)) if bias is None else bias.detach()
    _fill(out, x.permute(0, 2, 3, 1), weight.detach(), base, _ways(tile))
    return out[:, :height, :width].permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def _fill(out: Tensor, x: Tensor, weight: Tensor, bias: Tensor, ways: _Ways) -> None:
    """Convolve x [B, H, W, C_in] into out [B, H', W', C_out], whole tiles, part by part.

    How many filters are carried over at once does not depend on B: the last bits of a product may change with
    its columns, but not with its rows.
    """
    (c_out, c_in), n_points = weight.shape[:2], ways.seen**2
    pictures, rows = _at_once(out, max(c_out, c_in), ways)
    is_whole = rows == out.shape[1]
    bands = [(i, j) for i in range(0, len(out), pictures) for j in range(0, out.shape[1], rows)]
    step = min(c_out, max(1, (_FILTERS_AT_ONCE if is_whole else _FILTERS_KEPT) // (n_points * c_in)))
    # buffers are used again and again: memory new from the system costs as much as the arithmetic
    tiles = n_points * pictures * rows * out.shape[2] // ways.tile**2
    points = out.new_empty(len(bands) if is_whole else 1, tiles * c_in)
    rooms = out.new_empty(tiles * max(c_in, step)), out.new_empty(tiles * step)
    carried = out.new_empty(n_points * c_in * step)
    border = out.new_empty(pictures * (rows + 2) * (out.shape[2] + 2) * c_in)
    for k in range(0, c_out, step):
        part = weight[k : k + step]
        filters = _shaped(carried, n_points, len(part) * c_in)
        torch.mm(ways.of_filters, part.reshape(-1, 9).T, out=filters)
        for n, (i, j) in enumerate(bands):
            here = points[n if is_whole else 0]
            if k == 0 or not is_whole:
                band = _bordered(x[i : i + pictures], j, min(rows, out.shape[1] - j), out.shape[2], border)
                _carry(band, here, rooms[0], ways)
            into = out[i : i + pictures, j : j + rows, :, k : k + step]
            products = _multiply(here, filters.view(n_points, len(part), c_in), into, rooms, ways)
            torch.add(products, bias[k : k + step], out=_tiled(into, ways))


def _at_once(out: Tensor, channels: int, ways: _Ways) -> tuple[int, int]:
    """Return how many pictures, or else rows of one, keep an intermediate result small."""
    down, across = (side // ways.tile for side in out.shape[1:3])
    most = max(1, _TILES_AT_ONCE // (ways.seen**2 * across * channels))  # rows of tiles
    return max(1, min(len(out), most // down)), ways.tile * min(down, most)


def _carry(seen: Tensor, points: Tensor, room: Tensor, ways: _Ways) -> None:
    """Carry tiles from [B, H + 2, W + 2, C_in] to the points, [n * n, tiles, C_in]."""
    cut = seen.unfold(1, ways.seen, ways.tile).unfold(2, ways.seen, ways.tile).permute(4, 5, 0, 1, 2, 3)
    _shaped(points, *cut.shape).copy_(cut)
    _both_ways(ways.to_points, points, room, cut[0, 0].numel())


def _multiply(
    points: Tensor, filters: Tensor, into: Tensor, rooms: tuple[Tensor, Tensor], ways: _Ways
) -> Tensor:
    """Multiply with filters [n * n, C_out, C_in] and carry back, to the shape of the tiles of ``into``."""
    n_points, c_out, c_in = filters.shape
    shape = _tiled(into, ways).shape
    tiles = math.prod(shape[2:5])
    products = _shaped(rooms[0], n_points, tiles, c_out)
    torch.bmm(_shaped(points, n_points, tiles, c_in), filters.transpose(1, 2), out=products)
    return _both_ways(ways.back, *rooms, tiles * c_out).view(shape)


def _tiled(into: Tensor, ways: _Ways) -> Tensor:
    """View [B, H, W, C] as its tiles, [tile, tile, B, H / tile, W / tile, C]."""
    count, height, width, channels = into.shape
    down, across = height // ways.tile, width // ways.tile
    cut = into.view(count, down, ways.tile, across, ways.tile, channels)
    return cut.permute(2, 4, 0, 1, 3, 5)


def _both_ways(matrix: Tensor, here: Tensor, spare: Tensor, length: int) -> Tensor:
    """Apply matrix [m, n] to both sides of the n x n values in ``here``: [n, n, length] -> [m, m, length]."""
    m, n = matrix.shape
    half = torch.mm(matrix, _shaped(here, n, n * length), out=_shaped(spare, m, n * length))
    return torch.bmm(matrix.expand(m, m, n), half.view(m, n, length), out=_shaped(here, m, m, length))


def _shaped(room: Tensor, *shape: int) -> Tensor:
    """View the first values of a buffer in this shape."""
    return room[: math.prod(shape)].view(shape)


def _bordered(x: Tensor, first: int, rows: int, columns: int, room: Tensor) -> Tensor:
    """Copy rows of x [B, H, W, C] into ``room`` as [B, rows + 2, columns + 2, C], zero beyond the picture."""
    count, height, width, channels = x.shape
    seen = _shaped(room, count, rows + 2, columns + 2, channels)
    top, end = max(first - 1, 0), min(first + rows + 1, height)
    inner = slice(top - first + 1, end - first + 1)
    seen[:, inner, 1 : width + 1] = x[:, top:end]
    for edge in (seen[:, : inner.start], seen[:, inner.stop :], seen[:, :, :1], seen[:, :, width + 1 :]):
        edge.zero_()
    return seen


@cache
def _ways(tile: int) -> _Ways:
    n = tile + 2
    powers = np.vander([*_POINTS[tile], 0.0], n, increasing=True)
    powers[-1] = np.eye(n)[-1]  # infinity: the highest coefficient
    one_way = np.linalg.inv(powers).T
    results, filters = powers[:, :tile].T.copy(), powers[:, :3].copy()
    results[:, -1], filters[-1] = np.eye(tile)[-1], np.eye(3)[-1]
    even = np.sqrt(np.abs(one_way).sum(1) / np.abs(filters).sum(1))[:, None]  # share the sizes between both
    filters *= even
    sides = (torch.from_numpy(side).float() for side in (one_way / even, np.kron(filters, filters), results))
    return _Ways(tile, *sides)
