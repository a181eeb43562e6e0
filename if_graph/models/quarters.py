"""3x3 convolutions of pictures that nearest neighbours enlarge, without enlarging them."""

from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor


def by_quarters(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolve x enlarged twice without enlarging it.

    Each of the four pixels that one becomes is another convolution of 2 x 2 pixels, so that 16
    multiplications do for 36.
    """
    count, _, height, width = x.shape
    out = x.new_empty(count, 2 * height, 2 * width, len(weight)).permute(0, 3, 1, 2)
    filters, bias = _of_four(weight), None if bias is None else bias.repeat(4)
    for one, into in zip(torch.split(x, 1), out, strict=True):  # one by one, for less memory
        around = F.pad(one, (1, 1, 1, 1)).contiguous(memory_format=torch.channels_last)
        four = F.conv2d(around, filters, bias).view(2, 2, -1, height + 1, width + 1)
        for down, across in product(range(2), range(2)):
            here = four[down, across, :, down : down + height, across : across + width]
            into[:, down::2, across::2] = here
    return out


def _of_four(weight: Tensor) -> Tensor:
    """Turn weight [C_out, C_in, 3, 3] into those of the four new pixels, [4 * C_out, C_in, 2, 2]."""
    c_out, c_in = weight.shape[:2]
    rows = _of_two(weight.permute(2, 0, 3, 1))  # [2, 2, C_out, 3, C_in]: which pixel, which row it sees
    both = _of_two(rows.permute(3, 0, 1, 2, 4))  # [2, 2, 2, 2, C_out, C_in]: columns before rows
    four = both.permute(2, 0, 4, 3, 1, 5).reshape(4 * c_out, 2, 2, c_in)
    return four.permute(0, 3, 1, 2)  # channels-last


def _of_two(taps: Tensor) -> Tensor:
    """Sum three taps [3, ...] as the first and the second new pixel see them, [2, 2, ...]."""
    first, middle, last = taps
    return torch.stack([torch.stack([first, middle + last]), torch.stack([first + middle, last])])
