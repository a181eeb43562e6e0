"""A contact sheet: pictures in a grid, each with its caption below, for looking at."""

import textwrap
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from if_graph.training.world.render import Pixels

CELL = 128
LINE = 11
LINES = 4
GAP = 4


def contact_sheet(pictures: Sequence[Pixels], captions: Sequence[str], columns: int = 8) -> Image.Image:
    """Lay pictures of one size out row by row.

    Args:
        pictures: pixels [H, W, 3] each, shown at the whole multiple that makes them about 128 px high.
        captions: one per picture.
        columns: pictures per row.
    """
    zoom = max(1, CELL // pictures[0].shape[0])
    height, width = (side * zoom for side in pictures[0].shape[:2])
    rows = -(-len(pictures) // columns)
    size = (columns * (width + GAP), rows * (height + LINE * LINES + GAP))
    sheet = Image.new("RGB", size, "#404040")
    draw = ImageDraw.Draw(sheet)
    for index, (pixels, text) in enumerate(zip(pictures, captions, strict=True)):
        left = index % columns * (width + GAP)
        top = index // columns * (height + LINE * LINES + GAP)
        sheet.paste(Image.fromarray(enlarge(pixels, zoom)), (left, top))
        lines = textwrap.wrap(text, width // 6)[:LINES]
        draw.multiline_text((left, top + height), "\n".join(lines), "white", spacing=0)
    return sheet


def enlarge(pixels: Pixels, zoom: int) -> Pixels:
    """Repeat every pixel ``zoom`` times in both directions."""
    return np.repeat(np.repeat(pixels, zoom, axis=0), zoom, axis=1)
