"""Rasterise a scene, or a window of it, at the exact size asked for, so that edges are true at every size."""

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from if_graph.errors import InputError
from if_graph.training.world.colours import BACKGROUNDS
from if_graph.training.world.scene import Placed, Scene
from if_graph.training.world.signs import SIGN, VIEW_BOX, sign_markup
from if_graph.training.world.svgs import Drawing, load_drawings

Pixels = NDArray[np.uint8]
Drawings = Mapping[str, Drawing]
Box = tuple[int, int, int, int]


def render(scene: Scene, side: int, drawings: Drawings | None = None) -> Pixels:
    """Draw the whole scene.

    Args:
        scene: what to draw.
        side: width and height in pixels.
        drawings: markup by concept name; Twemoji by default.

    Returns:
        Pixels [side, side, 3], 0..255.
    """
    return render_crop(scene, side, (0, 0, side, side), drawings)


def render_crop(scene: Scene, side: int, box: Box, drawings: Drawings | None = None) -> Pixels:
    """Draw a window of the scene without drawing the rest.

    Args:
        scene: what to draw.
        side: width and height in pixels of the whole picture.
        box: left, top, width and height of the window in those pixels; what lies outside is background.
        drawings: markup by concept name; Twemoji by default.

    Returns:
        Pixels [height, width, 3], 0..255: that window of ``render(scene, side)``, but for the antialiasing of
        some edges. resvg takes 16 samples a pixel and cuts curves at the window's border before it divides
        them into lines, so about 0.5 % of the pixels differ by a sample or more.
    """
    return _rasterise(compose(scene, side, box, load_drawings() if drawings is None else drawings))


def compose(scene: Scene, side: int, box: Box, drawings: Drawings) -> str:
    """One SVG document in which a unit is a pixel of the picture with that ``side``."""
    x, y, width, height = box
    fill = BACKGROUNDS[scene.background].rgb
    background = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="#{fill}"/>'
    objects = "".join(_place(placed, side, _drawing(placed, scene, drawings)) for placed in scene.objects)
    view = f'width="{width}" height="{height}" viewBox="{x} {y} {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {view}>{background}{objects}</svg>'


def _drawing(placed: Placed, scene: Scene, drawings: Drawings) -> Drawing:
    return Drawing(sign_markup(scene.text), VIEW_BOX) if placed.concept == SIGN else drawings[placed.concept]


def _rasterise(document: str) -> Pixels:
    try:
        import resvg_py  # here, because only the extra [train] brings it
    except ModuleNotFoundError as error:
        raise InputError(
            "drawing the nano world needs resvg-py; install the extra: if-graph[train]"
        ) from error
    png = resvg_py.svg_to_bytes(svg_string=document, skip_system_fonts=True)
    return np.array(Image.open(io.BytesIO(bytes(png))).convert("RGB"))


def _place(placed: Placed, side: int, drawing: Drawing) -> str:
    """A group, not a nested ``<svg>``: its clip path would make crops 3 to 6 times slower."""
    x, y, width, height = drawing.view_box
    scale = placed.size * side / max(width, height)
    left = placed.cx * side - (x + width / 2) * scale
    top = placed.cy * side - (y + height / 2) * scale
    return f'<g transform="translate({left:.4f} {top:.4f}) scale({scale:.6f})">{drawing.markup}</g>'
