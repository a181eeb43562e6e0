"""Pictures of a sign -> the letters on it, read by comparing each place of a letter with all letters."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from if_graph.training.cut_outs import painted_box
from if_graph.training.world.render import Pixels, render
from if_graph.training.world.scene import Placed, Scene
from if_graph.training.world.signs import BOARD, CELL, LETTERS, LONGEST, SIGN, VIEW_BOX

INSET = 1.2  # units of the view box between the board's edge and what is compared
INSIDE = (BOARD[0] + INSET, BOARD[1] + INSET, BOARD[2] - 2 * INSET, BOARD[3] - 2 * INSET)
FRAMES = ((0.2, 4.2, 35.8, 35.0), (1.8, 5.8, 34.2, 35.0))
"""Where a sign begins and ends in the view box, with the board's brown edge and without, before brown."""
UNIT = 4  # pixels that a unit of the view box is compared at
BOARD_SIZE = (round(INSIDE[2] * UNIT), round(INSIDE[3] * UNIT))
SIZE = 0.88  # of the drawn signs that boards are compared with
LARGEST = 256  # side of their pictures, at most
SOFTNESS = (0.0, 0.8)  # radii, at 64 px, by which painted letters may be softer than drawn ones
SHIFTS = (-0.4, 0.0, 0.4)  # units of the view box that a board may be off
NUDGES = (-0.2, 0.0, 0.2)  # the same, for each edge, once it is known about where the board is
LIMIT = 45.0  # largest such difference of a board that can be read

Grey = NDArray[np.float32]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class _Drawn:
    """At which side in pixels, and how softly, signs are drawn to be compared with."""

    side: int
    soft: float


@dataclass(frozen=True)
class _Reading:
    """Letters seen in a window, and how far, in 8-bit levels, it is from a board drawn to show them."""

    text: str
    distance: float
    window: Box
    drawn: _Drawn


def read_sign(pixels: Pixels, ground: NDArray[np.float32]) -> str | None:
    """Say which letters pixels [H, W, 3] show on a board; None if nothing on it can be read.

    Args:
        pixels: 8-bit levels, the picture of one sign.
        ground: the background's colour as painted.
    """
    found = painted_box(pixels, ground)
    if found is None:
        return None
    picture = Image.fromarray(pixels).convert("L")
    drawn = [_Drawn(min(len(pixels), LARGEST), soft) for soft in SOFTNESS]
    windows = (window for frame in FRAMES for window in _windows(found, frame))
    first = min(
        (_read(picture, *row) for row in product(windows, range(LONGEST + 1), drawn)), key=_distance_of
    )
    closer = _close_to(first.window)
    best = min((_read(picture, window, len(first.text), first.drawn) for window in closer), key=_distance_of)
    return best.text if best.text and best.distance < LIMIT else None


def _distance_of(reading: _Reading) -> float:
    return reading.distance


def _close_to(window: Box) -> Iterator[Box]:
    """The window, and others that begin and end a fraction of a pixel elsewhere."""
    unit = (window[2] - window[0]) / INSIDE[2]
    for moves in product(NUDGES, repeat=4):
        left, top, right, bottom = (edge + move * unit for edge, move in zip(window, moves, strict=True))
        yield left, top, right, bottom


def _windows(found: tuple[int, int, int, int], frame: Box) -> Iterator[Box]:
    """Where the board's inside may lie in a picture, in pixels, if ``frame`` is what was found painted."""
    left, top, right, bottom = found
    x, y, end_x, end_y = frame
    wide, high = (right - left) / (end_x - x), (bottom - top) / (end_y - y)  # pixels for each unit
    for dx, dy in product(SHIFTS, SHIFTS):
        across, down = INSIDE[0] - x + dx, INSIDE[1] - y + dy
        yield (
            left + across * wide,
            top + down * high,
            left + (across + INSIDE[2]) * wide,
            top + (down + INSIDE[3]) * high,
        )


def _read(picture: Image.Image, window: Box, count: int, drawn: _Drawn) -> _Reading:
    """The ``count`` letters that explain best what is seen in a window."""
    board = _board(picture, window)
    off = ((board - _drawn_board("", drawn)) ** 2).sum(axis=0)  # by column
    total, text = float(off.sum()), ""
    for i in range(count):
        span = _span(i, count)
        gaps = ((_drawn_letters(i, count, drawn) - board[:, span]) ** 2).sum(axis=(1, 2))
        text += list(LETTERS)[int(gaps.argmin())]
        total += float(gaps.min() - off[span].sum())
    return _Reading(text, math.sqrt(max(0.0, total) / board.size), window, drawn)


def _span(index: int, count: int) -> slice:
    """Columns of a board's inside that letter ``index`` of ``count`` lies in."""
    left = INSIDE[2] / 2 - CELL * count / 2 + CELL * index
    return slice(max(0, round(left * UNIT)), min(BOARD_SIZE[0], round((left + CELL) * UNIT)))


def _board(picture: Image.Image, window: Box) -> Grey:
    """A window of a grey picture at ``BOARD_SIZE``."""
    left, top, right, bottom = window
    across, down = (right - left) / BOARD_SIZE[0], (bottom - top) / BOARD_SIZE[1]
    mapping = (across, 0, left, 0, down, top)
    shrunk = picture.transform(BOARD_SIZE, Image.Transform.AFFINE, mapping, Image.Resampling.BILINEAR)
    return np.asarray(shrunk, np.float32)


@cache
def _drawn_letters(index: int, count: int, drawn: _Drawn) -> Grey:
    """All letters at one place of a board, [letters, H, W]."""
    return np.stack([_drawn_board(letter * count, drawn)[:, _span(index, count)] for letter in LETTERS])


@cache
def _drawn_board(text: str, drawn: _Drawn) -> Grey:
    side = drawn.side
    pixels = render(Scene("black", (Placed(SIGN, 0.5, 0.5, SIZE),), SIGN, text), side, {})
    picture = Image.fromarray(pixels).convert("L").filter(ImageFilter.GaussianBlur(drawn.soft * side / 64))
    unit, corner = SIZE * side / VIEW_BOX[2], (1 - SIZE) / 2 * side
    x, y, width, height = (unit * edge for edge in INSIDE)
    return _board(picture, (corner + x, corner + y, corner + x + width, corner + y + height))
