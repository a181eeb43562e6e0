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

from if_graph.models.bands import Bands
from if_graph.models.products import HAS_ONEDNN, product

_POINTS = {2: (0.0, 1.0, -1.0), 4: (0.0, 2**0.5, -(2**0.5), 2**-0.5, -(2**-0.5))}  # per tile; and infinity
_TILES_AT_ONCE = 2**22  # values of one intermediate result, 16 MB: it stays in the outermost cache
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


def convolve(picture: Bands, weight: Tensor, bias: Tensor | None = None, tile: int = 4) -> Tensor:
    """Convolve at stride 1 and padding 1, in float32.

    Args:
        picture: what is seen, [B, C_in, H, W].
        weight: filters [C_out, C_in, 3, 3].
        bias: [C_out].
        tile: 2 or 4; 4 pays where there are many tiles for every filter.

    Returns:
        [B, C_out, H, W], channels-last in memory.
    """
    (height, width), count = picture.size, len(picture.x)
    down, across = -(-height // tile), -(-width // tile)
    out = picture.x.new_empty(count, down * tile, across * tile, len(weight))
    base = out.new_zeros(len(weight)) if bias is None else bias.detach()
    _fill(out, picture, weight.detach(), base, _ways(tile))
    return out[:, :height, :width].permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def _fill(out: Tensor, picture: Bands, weight: Tensor, bias: Tensor, ways: _Ways) -> None:
    """Convolve a picture into out [B, H', W', C_out], whole tiles, part by part.

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
                size = len(out[i : i + pictures]), min(rows, out.shape[1] - j), out.shape[2], c_in
                _carry(_bordered(picture, i, j, size, border), here, rooms[0], ways)
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
    carried = _shaped(points, n_points, tiles, c_in)
    if HAS_ONEDNN and tiles > 1:
        for rows, weight, room in zip(carried, filters, products, strict=True):
            room.copy_(product(rows, weight))
    else:
        torch.bmm(carried, filters.transpose(1, 2), out=products)
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


def _bordered(picture: Bands, i: int, j: int, size: tuple[int, int, int, int], room: Tensor) -> Tensor:
    """Make a band of pictures from i and rows from j in ``room``, with a border, zero beyond the picture.

    ``size`` is [B, rows, columns, C_in] without the border.
    """
    count, rows, columns, channels = size
    height, width = picture.size
    seen = _shaped(room, count, rows + 2, columns + 2, channels)
    top, end = max(j - 1, 0), min(j + rows + 1, height)
    inner = slice(top - j + 1, end - j + 1)
    picture.write(slice(i, i + count), slice(top, end), seen[:, inner, 1 : width + 1])
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
