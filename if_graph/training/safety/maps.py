"""Where in a picture things and watermarks lie, on the grid of patches that the tower divides it into."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from if_graph.training.safety.drawn import NAMES
from if_graph.training.world.render import Pixels
from if_graph.training.world.scene import Placed

REACH = 0.45  # of a thing's box, from its middle: drawings are round more often than square
INKED = 6.0  # mean 8-bit levels by which a patch differs under a watermark

Grid = NDArray[np.uint8]


def thing_map(objects: Sequence[Placed], grid: int) -> Grid:
    """Number of the thing in each patch, [grid, grid]: its place in ``NAMES`` plus one, or 0."""
    cover = np.zeros((grid, grid), np.uint8)
    middles = (np.arange(grid) + 0.5) / grid
    for placed in objects:
        reach = max(REACH * placed.size, 0.5 / grid)  # however small it is, one patch holds it
        down, across = (np.abs(middles - centre) <= reach for centre in (placed.cy, placed.cx))
        cover[np.ix_(down, across)] = NAMES.index(placed.concept) + 1
    return cover


def ink_map(plain: Pixels, marked: Pixels, grid: int) -> Grid:
    """1 for each patch that a watermark changed, [grid, grid]."""
    change = np.abs(marked.astype(np.float32) - plain).mean(axis=2)
    edges = np.linspace(0, len(plain), grid + 1).round().astype(int)
    sums = np.add.reduceat(np.add.reduceat(change, edges[:-1], axis=0), edges[:-1], axis=1)
    areas = np.outer(np.diff(edges), np.diff(edges))
    return np.asarray(sums / areas > INKED, np.uint8)
