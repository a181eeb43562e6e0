"""A contact sheet: pictures in a grid, each with its caption below, for looking at."""

import textwrap
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from if_graph.training.world.render import Pixels

CELL = 128
LINE = 11
LINES = 4


def contact_sheet(pictures: Sequence[Pixels], captions: Sequence[str], columns: int = 8) -> Image.Image:
    """Lay pictures out row by row.

    Args:
        pictures: pixels [side, side, 3] each; shown at whole multiples of their size, at least 128 px wide.
        captions: one per picture.
        columns: pictures per row.
    """
    zoom = max(1, CELL // pictures[0].shape[1])
    side = pictures[0].shape[1] * zoom
    height = side + LINE * LINES + 4
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (side + 4), rows * height), "#404040")
    draw = ImageDraw.Draw(sheet)
    for index, (pixels, text) in enumerate(zip(pictures, captions, strict=True)):
        left, top = index % columns * (side + 4), index // columns * height
        sheet.paste(Image.fromarray(np.kron(pixels, np.ones((zoom, zoom, 1), np.uint8))), (left, top))
        lines = textwrap.wrap(text, side // 6)[:LINES]
        draw.multiline_text((left, top + side), "\n".join(lines), "white", spacing=0)
    return sheet
