"""The points at which Winograd's minimal filtering multiplies, and what carries values there and back.

m results of a filter of 3 follow from m + 2 values: values and filter are carried to m + 2 points, multiplied
there, and carried back.

Source: Lavin & Gray 2016 (arXiv:1509.09308), section 4; points as in Barabasz et al. 2020 (arXiv:1803.10986).
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

_POINTS = {2: (0.0, 1.0, -1.0), 4: (0.0, 2**0.5, -(2**0.5), 2**-0.5, -(2**-0.5))}  # per tile; and infinity


class Ways(NamedTuple):
    """What carries values [n, n], rows of filters [n, 3], filters [n * n, 9], and results back [tile, n].

    n is tile + 2. ``of_ones`` [n] is carried back to 1 everywhere: so much of a bias is added at each point.
    """

    tile: int
    to_points: Tensor
    of_rows: Tensor
    of_filters: Tensor
    back: Tensor
    of_ones: Tensor

    @property
    def seen(self) -> int:
        """Values of the input that a tile needs, along one side."""
        return self.tile + 2


@cache
def ways_for(tile: int) -> Ways:
    """Return the matrices for ``tile`` results, 2 or 4, in float32."""
    n = tile + 2
    powers = np.vander([*_POINTS[tile], 0.0], n, increasing=True)
    powers[-1] = np.eye(n)[-1]  # infinity: the highest coefficient
    one_way = np.linalg.inv(powers).T
    results, filters = powers[:, :tile].T.copy(), powers[:, :3].copy()
    results[:, -1], filters[-1] = np.eye(tile)[-1], np.eye(3)[-1]
    even = np.sqrt(np.abs(one_way).sum(1) / np.abs(filters).sum(1))[:, None]  # share the sizes between both
    rows = filters * even
    of_ones = np.linalg.lstsq(results, np.ones(tile), rcond=None)[0]
    sides = (one_way / even, rows, np.kron(rows, rows), results, of_ones)
    return Ways(tile, *(torch.from_numpy(side).float() for side in sides))


def shaped(room: Tensor, *shape: int) -> Tensor:
    """View the first values of a buffer in this shape."""
    return room[: math.prod(shape)].view(shape)
