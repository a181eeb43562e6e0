"""The losses of a run become a picture of their curve."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from if_graph.files import unfinished

SIZE = (800, 450)
LEFT, TOP, RIGHT, BOTTOM = 70, 20, 780, 400
SMOOTHING_SHARE = 0.02
"""Share of the rows over which a loss is averaged; single steps jump too much to see where they lead."""
TICKS = 6
INK, GRID, FAINT, BOLD = "#222222", "#dddddd", "#b8cdf0", "#1f4fa0"

Rows = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Axis:
    """Maps values between ``low`` and ``high`` to pixels between ``start`` and ``end``."""

    low: float
    high: float
    start: int
    end: int

    def place(self, value: float) -> float:
        """Return the pixel of a value, at most at either end."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self) -> Iterator[float]:
        """Yield round values that lie inside, about ``TICKS`` of them."""
        rough = (self.high - self.low) / TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        width = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
        first, last = math.ceil(self.low / width), math.floor(self.high / width)
        yield from (index * width for index in range(first, last + 1))


def draw_curve(rows: Rows, path: Path) -> None:
    """Draw (step, loss) rows, each loss faintly and their running mean boldly; nothing for under two rows."""
    if len(rows) < 2:
        return
    smooth = smoothed(rows)
    x = Axis(rows[0][0], rows[-1][0], LEFT, RIGHT)
    y = Axis(0.0, _ceiling(rows, smooth), BOTTOM, TOP)
    picture = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(picture)
    _draw_axes(draw, x, y)
    for points, colour, width in ((rows, FAINT, 1), (smooth, BOLD, 2)):
        draw.line([(x.place(step), y.place(loss)) for step, loss in points], colour, width)
    with unfinished(path) as part:
        picture.save(part, format="PNG")


def smoothed(rows: Rows) -> list[tuple[int, float]]:
    """Return the running mean of the losses, without bias towards the first one."""
    decay = 1 - 1 / max(len(rows) * SMOOTHING_SHARE, 1)
    total = weight = 0.0
    result = []
    for step, loss in rows:
        total, weight = decay * total + loss, decay * weight + 1
        result.append((step, total / weight))
    return result


def _ceiling(rows: Rows, smooth: Rows) -> float:
    """Let the curve fill the picture; a few wild steps may leave it."""
    usual = sorted(loss for _, loss in rows)[int(0.98 * (len(rows) - 1))]
    return 1.05 * max(usual, max(loss for _, loss in smooth[len(smooth) // 20 :])) or 1.0


def _draw_axes(draw: ImageDraw.ImageDraw, x: Axis, y: Axis) -> None:
    for value in x.ticks():
        draw.line([(x.place(value), TOP), (x.place(value), BOTTOM)], GRID)
        draw.text((x.place(value), BOTTOM + 6), f"{value:g}", INK, anchor="ma")
    for value in y.ticks():
        draw.line([(LEFT, y.place(value)), (RIGHT, y.place(value))], GRID)
        draw.text((LEFT - 6, y.place(value)), f"{value:g}", INK, anchor="rm")
    draw.line([(LEFT, TOP), (LEFT, BOTTOM), (RIGHT, BOTTOM)], INK)
    draw.text(((LEFT + RIGHT) / 2, SIZE[1] - 10), "step", INK, anchor="ms")
    draw.text((10, TOP), "loss", INK, anchor="la")
