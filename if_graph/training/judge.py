"""The nano world's exact judge: a painted picture -> the background and the things that it shows.

Everything the world can show is drawn from vectors, so what a picture shows is found by comparing it with all
of that, cut out and brought to one size the same way.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from if_graph.training.world.colours import BACKGROUNDS, contrast
from if_graph.training.world.concepts import CONCEPTS
from if_graph.training.world.render import Drawings, Pixels, render
from if_graph.training.world.scene import Placed, Scene
from if_graph.training.world.svgs import load_drawings

VIEW = 32  # side at which cut-outs are compared
TEMPLATE_SIDE = 96
DIFFERS = 40  # 8-bit levels in any channel by which a pixel is no background
LEAST = 2  # such pixels in a row or column, at 64 px, for it to belong to an object


@dataclass(frozen=True)
class Seen:
    """What a picture shows: names of the tables, the objects in reading order; None where nothing is."""

    background: str
    objects: tuple[str | None, ...]

    def is_right(self, scene: Scene) -> bool:
        """Whether background, objects and their order are those of ``scene``."""
        return self.background == scene.background and self.objects == objects_of(scene)


def objects_of(scene: Scene) -> tuple[str, ...]:
    """Names of a scene's objects in reading order."""
    return tuple(placed.concept for placed in scene.objects)


class Judge:
    """Compares pictures with every concept on every background.

    Args:
        drawings: markup by concept name; Twemoji by default.
    """

    def __init__(self, drawings: Drawings | None = None) -> None:
        self.drawings = load_drawings() if drawings is None else drawings
        self._templates: dict[str, NDArray[np.float32]] = {}

    def see(self, pixels: Pixels, layout: str) -> Seen:
        """Say what pixels [H, W, 3] show.

        Args:
            pixels: 8-bit levels, of any size from 32 px.
            layout: ``centre`` for one thing, ``row`` or ``column`` for two: where to look.
        """
        ground = _ground(pixels)
        hexed = "".join(f"{int(level):02x}" for level in ground)
        background = min(BACKGROUNDS, key=lambda name: contrast(hexed, BACKGROUNDS[name].rgb))
        return Seen(
            background, tuple(self._name(part, ground, background) for part in _parts(pixels, layout))
        )

    def _name(self, pixels: Pixels, ground: NDArray[np.float32], background: str) -> str | None:
        view = _cut_out(pixels, ground)
        if view is None:
            return None
        distances = np.abs(self._templates_on(background) - view).mean(axis=(1, 2, 3))
        return list(CONCEPTS)[int(distances.argmin())]

    def _templates_on(self, background: str) -> NDArray[np.float32]:
        """Cut-outs of all concepts before one background, [concepts, VIEW, VIEW, 3]."""
        if background not in self._templates:
            scenes = (Scene(background, (Placed(name, 0.5, 0.5, 0.8),), "centre") for name in CONCEPTS)
            drawn = [render(scene, TEMPLATE_SIDE, self.drawings) for scene in scenes]
            views = [_cut_out(pixels, _ground(pixels)) for pixels in drawn]
            blank = np.zeros((VIEW, VIEW, 3), np.float32)  # drawn, but not to be seen before this background
            self._templates[background] = np.stack([blank if view is None else view for view in views])
        return self._templates[background]


def _ground(pixels: Pixels) -> NDArray[np.float32]:
    """The background's colour: the median of the picture's border, [3]."""
    rim = max(1, len(pixels) // 32)
    sides = (pixels[:rim], pixels[-rim:], pixels[:, :rim], pixels[:, -rim:])
    ground: NDArray[np.float32] = np.median(np.concatenate([side.reshape(-1, 3) for side in sides]), axis=0)
    return ground


def _parts(pixels: Pixels, layout: str) -> tuple[Pixels, ...]:
    """The shares of the picture that one object each lies in."""
    height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
    if layout == "row":
        return pixels[:, :width], pixels[:, width:]
    return (pixels[:height], pixels[height:]) if layout == "column" else (pixels,)


def _cut_out(pixels: Pixels, ground: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The object's square at one size, [VIEW, VIEW, 3]; None where there is only background."""
    smooth = np.asarray(
        Image.fromarray(pixels).filter(ImageFilter.BoxBlur(1)), np.float32
    )  # grain is no object
    differs = np.abs(smooth - ground).max(axis=2) > DIFFERS
    least = LEAST * max(pixels.shape[:2]) / 64
    rows, columns = (np.flatnonzero(differs.sum(axis=axis) >= least) for axis in (1, 0))
    if not (len(rows) and len(columns)):
        return None
    inside = Image.fromarray(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    side = max(inside.size)
    square = Image.new("RGB", (side, side), tuple(int(level) for level in ground))
    square.paste(inside, ((side - inside.width) // 2, (side - inside.height) // 2))
    return np.asarray(square.resize((VIEW, VIEW), Image.Resampling.BOX), np.float32)
