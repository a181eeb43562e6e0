"""3x3 convolutions in bfloat16 with half the multiplications: Winograd's way along rows alone.

Four columns of a result follow from six of the input: they are carried to six points, convolved there with
filters of 3 x 1 pixels, whose products the library sums in float32, and carried back. Going along columns as
well would halve the products again, but each way rounds to bfloat16: a layer's error is 4e-3 so and 1.3e-2
both ways, where torch's own rounds its result by 1.7e-3.
"""

from itertools import product as product_of

import torch
import torch.nn.functional as F
from torch import Tensor

from if_graph.models.bands import Bands
from if_graph.models.winograd_points import Ways, shaped, ways_for

_TILE = 4
_POINTS_AT_ONCE = (2**21, 2**23)  # values of one intermediate result, 4 to 16 MB: as few as its filters allow
_PER_FILTER = 4  # values for each of the filters, that reading and packing these costs little
_FILTERS_AT_ONCE = 2**20  # values of carried filters: they stay in the processor's cache until they are short


def convolve(picture: Bands, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve at stride 1 and padding 1, as many whole pictures at a time, or rows of one, as buffers hold.

    Args:
        picture: what is seen, [B, C_in, H, W].
        weight: filters [C_out, C_in, 3, 3], of the picture's type.
        bias: [C_out].

    Returns:
        [B, C_out, H, W], channels-last in memory.
    """
    (height, width), (c_out, c_in) = picture.size, weight.shape[:2]
    across, here = -(-width // _TILE), ways_for(_TILE)
    out = picture.x.new_empty(len(picture.x), height, across, _TILE, c_out)
    filters = _carried(weight.detach(), here)
    biases = None if bias is None else here.of_ones[:, None].to(bias.dtype) * bias.detach()
    most = max(_TILE, _at_once(filters) // (here.seen * across * max(c_in, c_out)))
    pictures, rows = max(1, min(len(out), most // height)), min(height, most)
    rooms = _rooms(out, pictures, rows, c_in, here)
    for i, j in product_of(range(0, len(out), pictures), range(0, height, rows)):
        into = out[i : i + pictures, j : j + rows]
        seen = picture.bordered(i, j, (*into.shape[:2], width, c_in), rooms[0], beside=0)
        products = _multiply(_to_points(seen, rooms[1:], here), filters, biases, rooms[1])
        _back(products, into, rooms[2], here)
    whole = out.view(len(out), height, across * _TILE, c_out)[:, :, :width]
    return whole.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def _at_once(filters: Tensor) -> int:
    """Return how many values of an intermediate result are fewest without reading filters again and again."""
    least, most = _POINTS_AT_ONCE
    return min(most, max(least, _PER_FILTER * filters.numel()))


def _rooms(out: Tensor, pictures: int, rows: int, c_in: int, ways: Ways) -> tuple[Tensor, Tensor, Tensor]:
    """Buffers for a bordered band and twice for its points: memory new from the system is dear."""
    across, c_out = out.shape[2], out.shape[4]
    border = out.new_empty(pictures * (rows + 2) * across * ways.tile * c_in)
    points = ways.seen * pictures * across * max((rows + 2) * c_in, rows * c_out)
    return border, out.new_empty(points), out.new_empty(points)


def _carried(weight: Tensor, ways: Ways) -> Tensor:
    """Carry filters to the points, [n, C_out, C_in, 3, 1], channels-last, some at a time."""
    c_out, c_in = weight.shape[:2]
    filters = weight.new_empty(ways.seen, c_out, 3, c_in)
    step = max(1, _FILTERS_AT_ONCE // (ways.seen * 3 * c_in))
    for k in range(0, c_out, step):
        columns = weight[k : k + step].permute(3, 0, 2, 1).float()  # [3, C_out, 3, C_in]
        part = filters[:, k : k + step]
        part.copy_(torch.mm(ways.of_rows, columns.reshape(3, -1)).view(part.shape))
    return filters[:, :, :, None].permute(0, 1, 4, 2, 3)


def _to_points(seen: Tensor, rooms: tuple[Tensor, ...], ways: Ways) -> Tensor:
    """Carry bands [B, H + 2, W, C_in] to points [n, B, C_in, H + 2, W / tile]; overwrites the rooms."""
    count, height, width, channels = seen.shape
    values = shaped(rooms[0], ways.seen, count, height, -(-width // ways.tile), channels)
    for i, into in enumerate(values):
        _every(ways.tile, seen, i - 1, into)
    return _carry(ways.to_points, values, rooms[1]).permute(0, 1, 4, 2, 3)


def _every(tile: int, seen: Tensor, start: int, into: Tensor) -> None:
    """Write every ``tile``-th column from ``start`` on into [B, H, W / tile, C], zero beyond the picture."""
    before = -(min(start, 0) // tile)
    found = seen[:, :, start + before * tile :: tile][:, :, : into.shape[2] - before]
    end = before + found.shape[2]
    into[:, :, :before].zero_()
    into[:, :, before:end].copy_(found)
    into[:, :, end:].zero_()


def _multiply(points: Tensor, filters: Tensor, biases: Tensor | None, room: Tensor) -> Tensor:
    """Convolve at each point, to [n, B, H, W / tile, C_out]."""
    count, height, across = points.shape[1], points.shape[3] - 2, points.shape[4]
    products = shaped(room, len(points), count, height, across, filters.shape[1])
    for i, into in enumerate(products):
        here = F.conv2d(points[i], filters[i], None if biases is None else biases[i])
        into.copy_(here.permute(0, 2, 3, 1))
    return products


def _back(products: Tensor, into: Tensor, room: Tensor, ways: Ways) -> None:
    """Carry products back into [B, H, W / tile, tile, C_out]."""
    into.copy_(_carry(ways.back, products, room).permute(1, 2, 3, 0, 4))


def _carry(matrix: Tensor, values: Tensor, room: Tensor) -> Tensor:
    """Multiply matrix [m, n] with values [n, ..., C], to [m, ..., C] in the room, as two halves at once.

    The library is the slower the fewer rows it multiplies: so this takes three quarters of the time.
    """
    (m, n), places = matrix.shape, values.shape[1:]
    halves = 1 if places[-1] % 2 else 2
    both = torch.kron(matrix.contiguous(), torch.eye(halves)).to(values.dtype)
    parts = values.view(n * halves, -1)
    return torch.mm(both, parts, out=shaped(room, m * halves, parts.shape[1])).view(m, *places)
