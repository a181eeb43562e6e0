"""Pictures of the world as arrays -> a contact sheet with captions, for looking at."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from if_graph import contact_sheet as layout
from if_graph.training.world.render import Pixels

CELL = 128


def contact_sheet(pictures: Sequence[Pixels], captions: Sequence[str], columns: int = 8) -> Image.Image:
    """Lay pictures of one size out row by row.

    Args:
        pictures: pixels [H, W, 3] each, shown at the whole multiple that makes them about 128 px high.
        captions: one per picture.
        columns: pictures per row.
    """
    zoom = max(1, CELL // pictures[0].shape[0])
    return layout.contact_sheet(
        [Image.fromarray(enlarge(pixels, zoom)) for pixels in pictures], captions, columns
    )


def enlarge(pixels: Pixels, zoom: int) -> Pixels:
    """Repeat every pixel ``zoom`` times in both directions."""
    return np.repeat(np.repeat(pixels, zoom, axis=0), zoom, axis=1)
