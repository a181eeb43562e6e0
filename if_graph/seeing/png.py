"""Drawing -> PNG."""

import io
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from if_graph.errors import WorkflowError
from if_graph.seeing.drawing import Drawing
from if_graph.seeing.paint import BACKGROUND, EDGE, Curve, Point, extent, paint

_SCALE, _MOST_PIXELS, _PIECES = 2, 64_000_000, 24


def as_png(drawing: Drawing) -> bytes:
    """Return the drawing as PNG; letters that Pillow's own font lacks show as boxes.

    Raises:
        WorkflowError: if the picture would be too large.
    """
    width, height = (side * _SCALE for side in extent(drawing))
    if width * height > _MOST_PIXELS:
        raise WorkflowError(
            f"a PNG of {len(drawing.boxes)} nodes would be {width} x {height} pixels, "
            f"expected at most {_MOST_PIXELS // 10**6} million in all; draw it with --to svg"
        )
    picture = Image.new("RGB", (width, height), BACKGROUND)
    paint(drawing, _PngPen(ImageDraw.Draw(picture), ImageFont.load_default(12 * _SCALE)))
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


@dataclass(frozen=True)
class _PngPen:
    draw: ImageDraw.ImageDraw
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont

    def rect(self, corner: Point, width: float, height: float, fill: str) -> None:
        ends = _scaled(*corner, corner[0] + width, corner[1] + height)
        self.draw.rounded_rectangle(ends, 4 * _SCALE, fill, EDGE, _SCALE)

    def dot(self, middle: Point, ink: str) -> None:
        x, y = middle
        self.draw.ellipse(_scaled(x - 5, y - 5, x + 5, y + 5), ink)

    def text(self, at: Point, text: str, ink: str, is_right: bool = False) -> None:
        x, y = _scaled(*at)
        self.draw.text((x, y), text, ink, self.font, "rm" if is_right else "lm")

    def wire(self, curve: Curve, ink: str, kind: str) -> None:
        line = [value for i in range(_PIECES + 1) for value in _scaled(*_along(curve, i / _PIECES))]
        self.draw.line(line, ink, 2 * _SCALE, "curve")


def _scaled(*values: float) -> list[float]:
    return [value * _SCALE for value in values]


def _along(curve: Curve, t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    x, y = (sum(w * point[axis] for w, point in zip(weights, curve, strict=True)) for axis in (0, 1))
    return x, y
