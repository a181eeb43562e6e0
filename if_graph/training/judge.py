"""The nano world's exact judge: a painted picture -> the background, things and letters that it shows.

Everything the world can show is drawn from vectors, so what a picture shows is found by comparing it with all
of that, cut out and brought to one size the same way.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from if_graph.training.cut_outs import CutOut, cut_out, ground_of, share_inside, templates_on
from if_graph.training.letters import read_sign
from if_graph.training.world.caption import CORNERS
from if_graph.training.world.colours import BACKGROUNDS, contrast
from if_graph.training.world.concepts import CONCEPTS
from if_graph.training.world.render import Drawings, Pixels
from if_graph.training.world.scene import GROUP_SIZES, LARGE_SIZES, SINGLE_SIZES, SMALL_SIZES, Placed, Scene
from if_graph.training.world.signs import SIGN
from if_graph.training.world.svgs import load_drawings

Ground = NDArray[np.float32]

SIZES = {
    "small": (0.0, (SMALL_SIZES[1] + SINGLE_SIZES[0]) / 2),
    "large": ((SINGLE_SIZES[1] + LARGE_SIZES[0]) / 2, 2.0),
}
OFF_CENTRE = 0.12  # least distance from the middle, in both directions, of what stands in a corner
GROUPED = 0.9  # least share of what is painted that lies where a group's things stand


@dataclass(frozen=True)
class Seen:
    """What a picture shows, in names of the tables.

    Args:
        background: its colour.
        objects: the things in reading order, None where nothing is; of a group, as many as there are.
        detail: where the wish says more: ``small`` or ``large``, the corner, or the letters on a sign.
    """

    background: str
    objects: tuple[str | None, ...]
    detail: str = ""

    def is_right(self, scene: Scene) -> bool:
        """Whether all of it is as in ``scene``."""
        return self == wished(scene)


def wished(scene: Scene) -> Seen:
    """What a picture that is right shows."""
    first = scene.objects[0]
    details = {
        "small": "small",
        "large": "large",
        "corner": CORNERS[first.cx > 0.5, first.cy > 0.5][0],
        SIGN: scene.text,
    }
    objects = tuple(placed.concept for placed in scene.objects)
    return Seen(scene.background, objects, details.get(scene.layout, ""))


class Judge:
    """Compares pictures with every concept on every background.

    Args:
        drawings: markup by concept name; Twemoji by default.
    """

    def __init__(self, drawings: Drawings | None = None) -> None:
        self.drawings = load_drawings() if drawings is None else drawings
        self._templates: dict[str, list[CutOut | None]] = {}

    def see(self, pixels: Pixels, layout: str) -> Seen:
        """Say what pixels [H, W, 3] show.

        Args:
            pixels: 8-bit levels, square, from 32 px.
            layout: a key of ``LAYOUTS``: where to look, and for what.
        """
        ground = ground_of(pixels)
        hexed = "".join(f"{int(level):02x}" for level in ground)
        background = min(BACKGROUNDS, key=lambda name: contrast(hexed, BACKGROUNDS[name].rgb))
        if layout == SIGN:
            text = read_sign(pixels, ground)
            return Seen(background, (None if text is None else SIGN,), text or "")
        parts = _cells(pixels, _count(pixels, ground)) if layout == "group" else _parts(pixels, layout)
        views = [cut_out(part, ground) for part in parts]
        names = tuple(self._name(view, background) for view in views)
        return Seen(background, names, self._detail(views[0], names[0], background, layout) if views else "")

    def _name(self, view: CutOut | None, background: str) -> str | None:
        if view is None:
            return None
        distances = [np.inf if row is None else row.distance(view) for row in self._templates_on(background)]
        return list(CONCEPTS)[int(np.argmin(distances))]

    def _detail(self, view: CutOut | None, name: str | None, background: str, layout: str) -> str:
        if view is None or name is None:
            return ""
        if layout == "corner":
            return _corner(view)
        template = self._templates_on(background)[list(CONCEPTS).index(name)]
        low, high = SIZES.get(layout, (1.0, 0.0))
        return layout if template is not None and low < view.size_like(template) < high else ""

    def _templates_on(self, background: str) -> list[CutOut | None]:
        if background not in self._templates:
            self._templates[background] = templates_on(background, CONCEPTS, self.drawings)
        return self._templates[background]


def _corner(view: CutOut) -> str:
    """The plain words for the corner that something stands in; none if it is nearer to the middle."""
    x, y = view.middle
    if min(abs(x - 0.5), abs(y - 0.5)) < OFF_CENTRE:
        return ""
    return CORNERS[x > 0.5, y > 0.5][0]


def _parts(pixels: Pixels, layout: str) -> tuple[Pixels, ...]:
    """The shares of the picture that one object each lies in."""
    height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
    if layout == "row":
        return pixels[:, :width], pixels[:, width:]
    return (pixels[:height], pixels[height:]) if layout == "column" else (pixels,)


def _count(pixels: Pixels, ground: Ground) -> int:
    """How many things of a group there are: the number whose places hold all that is painted; else 0."""
    shares = {n: share_inside(pixels, ground, _places(n)) for n in GROUP_SIZES}
    best = max(shares, key=lambda n: shares[n])
    return best if shares[best] >= GROUPED else 0


def _grid(count: int) -> tuple[int, int]:
    """Columns and rows that a group of ``count`` stands in."""
    columns = 2 if count == 4 else count
    return columns, count // columns if count else 0


def _places(count: int) -> list[Placed]:
    columns, rows = _grid(count)
    size = GROUP_SIZES[count]
    return [
        Placed("", (i % columns + 0.5) / columns, (i // columns + 0.5) / rows, size) for i in range(count)
    ]


def _cells(pixels: Pixels, count: int) -> tuple[Pixels, ...]:
    """The share of the picture around each thing of a group."""
    columns, rows = _grid(count)
    strips = np.array_split(pixels, rows, axis=0) if rows else []
    return tuple(cell for strip in strips for cell in np.array_split(strip, columns, axis=1))
