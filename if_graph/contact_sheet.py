"""Pictures -> one picture of them all in a grid, with captions below or labels along its sides."""

import textwrap
from collections.abc import Sequence

from PIL import Image, ImageDraw

LINE, LINES = 11, 4
GAP = 4
_LETTER = 6  # width of a character of Pillow's own font, about
_GROUND, _EMPTY = "#404040", "#303030"


def contact_sheet(
    pictures: Sequence[Image.Image | None],
    captions: Sequence[str] = (),
    columns: int = 8,
    across: Sequence[str] = (),
    down: Sequence[str] = (),
) -> Image.Image:
    """Lay pictures out row by row, each in a cell as large as the largest of them.

    Args:
        pictures: at least one that is not None; None leaves its cell empty.
        captions: one per picture, written below it; none if left out.
        columns: pictures per row.
        across: one label per column, written above it; none if left out.
        down: one label per row, written left of it; none if left out.
    """
    width = max(picture.width for picture in pictures if picture is not None)
    height = max(picture.height for picture in pictures if picture is not None)
    below = LINE * LINES if captions else 0
    margin = (width + GAP if down else 0, LINE * LINES if across else 0)
    step = (width + GAP, height + below + GAP)
    rows = -(-len(pictures) // columns)
    size = (margin[0] + columns * step[0], margin[1] + rows * step[1])
    sheet = Image.new("RGB", size, _GROUND)
    draw = ImageDraw.Draw(sheet)
    for index, picture in enumerate(pictures):
        corner = (margin[0] + index % columns * step[0], margin[1] + index // columns * step[1])
        if picture is None:
            draw.rectangle((*corner, corner[0] + width - 1, corner[1] + height - 1), fill=_EMPTY)
        else:
            sheet.paste(picture, corner)
        if captions:
            _write(draw, (corner[0], corner[1] + height), captions[index], width)
    for column, label in enumerate(across):
        _write(draw, (margin[0] + column * step[0], 0), label, width)
    for row, label in enumerate(down):
        _write(draw, (0, margin[1] + row * step[1]), label, width)
    return sheet


def _write(draw: ImageDraw.ImageDraw, corner: tuple[int, int], text: str, width: int) -> None:
    lines = textwrap.wrap(text, max(width // _LETTER, 1))[:LINES]
    draw.multiline_text(corner, "\n".join(lines), "white", spacing=0)
