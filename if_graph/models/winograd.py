"""3x3 convolutions with fewer multiplications, by Winograd's minimal filtering F(m x m, 3 x 3).

Each m x m tile of the result follows from a tile of the input with m + 2 rows and columns: both tile and
filter are carried to (m + 2)^2 points, multiplied there (one matrix product per point over all tiles and
channels), and carried back. Tiles of 4 need a quarter of the multiplications, tiles of 2 four ninths, but
less for the filters. float32 results lie as close to the true ones as torch's own do.
"""

import math

import torch
from torch import Tensor

from if_graph.models.bands import Bands
from if_graph.models.products import USES_ONEDNN, product
from if_graph.models.winograd_points import Ways, shaped, ways_for

_TILES_AT_ONCE = 2**22  # values of one intermediate result, 16 MB: it stays in the outermost cache
_FILTERS_AT_ONCE = 2**21  # values of carried filters that are used once
_FILTERS_KEPT = 2**22  # of those used for several bands of tiles: what malloc hands out anew is dear
_VECTOR = 16  # values that a processor multiplies at once; products of other widths waste some


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
    _fill(out, picture, weight.detach(), base, ways_for(tile))
    return out[:, :height, :width].permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def _fill(out: Tensor, picture: Bands, weight: Tensor, bias: Tensor, ways: Ways) -> None:
    """Convolve a picture into out [B, H', W', C_out], whole tiles, part by part.

    How many filters are carried over at once does not depend on B: the last bits of a product may change with
    its columns, but not with its rows.
    """
    (c_out, c_in), n_points = weight.shape[:2], ways.seen**2
    pictures, rows = _at_once(out, max(c_out, c_in), ways)
    is_whole = rows == out.shape[1]
    bands = [(i, j) for i in range(0, len(out), pictures) for j in range(0, out.shape[1], rows)]
    step = _evenly(c_out, (_FILTERS_AT_ONCE if is_whole else _FILTERS_KEPT) // (n_points * c_in))
    # buffers are used again and again: memory new from the system costs as much as the arithmetic
    tiles = n_points * pictures * rows * out.shape[2] // ways.tile**2
    points = out.new_empty(len(bands) if is_whole else 1, tiles * c_in)
    rooms = out.new_empty(tiles * max(c_in, step)), out.new_empty(tiles * step)
    carried = out.new_empty(n_points * c_in * step)
    border = out.new_empty(pictures * (rows + 2) * (out.shape[2] + 2) * c_in)
    for k in range(0, c_out, step):
        part = weight[k : k + step]
        filters = shaped(carried, n_points, len(part) * c_in)
        torch.mm(ways.of_filters, part.reshape(-1, 9).T, out=filters)
        for n, (i, j) in enumerate(bands):
            here = points[n if is_whole else 0]
            if k == 0 or not is_whole:
                size = len(out[i : i + pictures]), min(rows, out.shape[1] - j), out.shape[2], c_in
                _carry(picture.bordered(i, j, size, border), here, rooms[0], ways)
            into = out[i : i + pictures, j : j + rows, :, k : k + step]
            products = _multiply(here, filters.view(n_points, len(part), c_in), into, rooms, ways)
            torch.add(products, bias[k : k + step], out=_tiled(into, ways))


def _at_once(out: Tensor, channels: int, ways: Ways) -> tuple[int, int]:
    """Return how many pictures, or else rows of one, keep an intermediate result small."""
    down, across = (side // ways.tile for side in out.shape[1:3])
    most = max(1, _TILES_AT_ONCE // (ways.seen**2 * across * channels))  # rows of tiles
    return max(1, min(len(out), most // down)), ways.tile * min(down, most)


def _evenly(c_out: int, most: int) -> int:
    """Return how many filters, about ``most``, are carried at once: parts alike, of whole vectors."""
    parts = -(-c_out // max(1, most))
    return min(c_out, _VECTOR * -(-c_out // (_VECTOR * parts)))


def _carry(seen: Tensor, points: Tensor, room: Tensor, ways: Ways) -> None:
    """Carry tiles from [B, H + 2, W + 2, C_in] to the points, [n * n, tiles, C_in]."""
    cut = seen.unfold(1, ways.seen, ways.tile).unfold(2, ways.seen, ways.tile).permute(4, 5, 0, 1, 2, 3)
    shaped(points, *cut.shape).copy_(cut)
    _both_ways(ways.to_points, points, room, cut[0, 0].numel())


def _multiply(
    points: Tensor, filters: Tensor, into: Tensor, rooms: tuple[Tensor, Tensor], ways: Ways
) -> Tensor:
    """Multiply with filters [n * n, C_out, C_in] and carry back, to the shape of the tiles of ``into``."""
    n_points, c_out, c_in = filters.shape
    shape = _tiled(into, ways).shape
    tiles = math.prod(shape[2:5])
    products = shaped(rooms[0], n_points, tiles, c_out)
    carried = shaped(points, n_points, tiles, c_in)
    if USES_ONEDNN and tiles > 1:
        for rows, weight, room in zip(carried, filters, products, strict=True):
            room.copy_(product(rows, weight))
    else:
        torch.bmm(carried, filters.transpose(1, 2), out=products)
    return _both_ways(ways.back, *rooms, tiles * c_out).view(shape)


def _tiled(into: Tensor, ways: Ways) -> Tensor:
    """View [B, H, W, C] as its tiles, [tile, tile, B, H / tile, W / tile, C]."""
    count, height, width, channels = into.shape
    down, across = height // ways.tile, width // ways.tile
    cut = into.view(count, down, ways.tile, across, ways.tile, channels)
    return cut.permute(2, 4, 0, 1, 3, 5)


def _both_ways(matrix: Tensor, here: Tensor, spare: Tensor, length: int) -> Tensor:
    """Apply matrix [m, n] to both sides of the n x n values in ``here``: [n, n, length] -> [m, m, length]."""
    m, n = matrix.shape
    half = torch.mm(matrix, shaped(here, n, n * length), out=shaped(spare, m, n * length))
    return torch.bmm(matrix.expand(m, m, n), half.view(m, n, length), out=shaped(here, m, m, length))
