"""Draws the project's own mark, growing nodes on a path: ``python -m if_graph.cascade.watermark_drawing``."""

from PIL import Image, ImageDraw, ImageFont

from if_graph.cascade.watermark import OWN_MARK, SIDE

DETAIL = 8  # drawn this much larger, then reduced, for smooth edges
BACK, PATH, NODE = (24, 24, 32, 120), (255, 255, 255, 230), (255, 255, 255, 255)
NODES = ((12, 44, 3), (26, 42, 5), (45, 37, 9))  # x, y, radius: small, middle, large pictures
LETTERS = (9, 6)


def draw_mark() -> Image.Image:
    """Return the mark, RGBA, 62 x 62."""
    picture = Image.new("RGBA", (SIDE * DETAIL, SIDE * DETAIL))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle(_scaled(0, 0, SIDE - 1 / DETAIL, SIDE - 1 / DETAIL), 10 * DETAIL, fill=BACK)
    pen.line(_scaled(*(side for x, y, _ in NODES for side in (x, y))), fill=PATH, width=2 * DETAIL)
    for x, y, radius in NODES:
        pen.ellipse(_scaled(x - radius, y - radius, x + radius, y + radius), fill=NODE)
    font = ImageFont.load_default(size=20 * DETAIL)
    pen.text((LETTERS[0] * DETAIL, LETTERS[1] * DETAIL), "IF", font=font, fill=NODE)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _scaled(*lengths: float) -> list[float]:
    return [length * DETAIL for length in lengths]


if __name__ == "__main__":
    draw_mark().save(OWN_MARK, optimize=True)
