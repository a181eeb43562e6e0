"""Pictures -> the square around what is painted in them, at one size, so that things can be compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from if_graph.training.world.render import Drawings, Pixels, render
from if_graph.training.world.scene import Placed, Scene

VIEW = 32  # side at which cut-outs are compared
TEMPLATE_SIDE = 96
TEMPLATE_SIZE = 0.8
DIFFERS = 40  # 8-bit levels in any channel by which a pixel is no background
LEAST = 2  # such pixels in a row or column, at 64 px, for it to belong to an object
SLACK = 0.015  # of the picture's side, by which painted edges may reach beyond a thing's place

Ground = NDArray[np.float32]


@dataclass(frozen=True)
class CutOut:
    """What is painted in a picture.

    Args:
        view: the square around it, [VIEW, VIEW, 3], 0..255.
        box: left, top, right and bottom, as shares of the picture's side.
    """

    view: NDArray[np.float32]
    box: tuple[float, float, float, float]

    @property
    def middle(self) -> tuple[float, float]:
        """Middle of the box, as shares of the picture's side."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    @property
    def extent(self) -> float:
        """The box's longer side."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)

    def distance(self, other: "CutOut") -> float:
        """Mean difference of the views, in 8-bit levels."""
        return float(np.abs(self.view - other.view).mean())

    def size_like(self, template: "CutOut") -> float:
        """The size at which the template's thing would have to be placed to reach as far as this."""
        return TEMPLATE_SIZE * self.extent / template.extent


def ground_of(pixels: Pixels) -> Ground:
    """The background's colour: the median of the picture's border, [3]."""
    rim = max(1, len(pixels) // 32)
    sides = (pixels[:rim], pixels[-rim:], pixels[:, :rim], pixels[:, -rim:])
    ground: Ground = np.median(np.concatenate([side.reshape(-1, 3) for side in sides]), axis=0)
    return ground


def painted(pixels: Pixels, ground: Ground) -> NDArray[np.bool_]:
    """Where pixels [H, W, 3] clearly differ from the background, [H, W]; grain does not."""
    smooth = np.asarray(Image.fromarray(pixels).filter(ImageFilter.BoxBlur(1)), np.float32)
    differs: NDArray[np.bool_] = np.abs(smooth - ground).max(axis=2) > DIFFERS
    return differs


def painted_box(pixels: Pixels, ground: Ground) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of what is painted, in pixels; None where there is only background."""
    differs = painted(pixels, ground)
    least = LEAST * max(pixels.shape[:2]) / 64
    rows, columns = (np.flatnonzero(differs.sum(axis=axis) >= least) for axis in (1, 0))
    if not (len(rows) and len(columns)):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def cut_out(pixels: Pixels, ground: Ground) -> CutOut | None:
    """Cut out what is painted in pixels [H, W, 3]; None where there is only background."""
    box = painted_box(pixels, ground)
    if box is None:
        return None
    inside = Image.fromarray(pixels).crop(box)
    side = max(inside.size)
    square = Image.new("RGB", (side, side), tuple(int(level) for level in ground))
    square.paste(inside, ((side - inside.width) // 2, (side - inside.height) // 2))
    view = np.asarray(square.resize((VIEW, VIEW), Image.Resampling.BOX), np.float32)
    height, width = pixels.shape[:2]
    left, top, right, bottom = box
    return CutOut(view, (left / width, top / height, right / width, bottom / height))


def templates_on(background: str, names: Iterable[str], drawings: Drawings) -> list[CutOut | None]:
    """Cut-outs of things before one background; None for what cannot be seen there."""
    scenes = (Scene(background, (Placed(name, 0.5, 0.5, TEMPLATE_SIZE),), "centre") for name in names)
    drawn = (render(scene, TEMPLATE_SIDE, drawings) for scene in scenes)
    return [cut_out(pixels, ground_of(pixels)) for pixels in drawn]


def share_inside(pixels: Pixels, ground: Ground, places: Sequence[Placed]) -> float:
    """Share, 0..1, of what is painted that lies in ``places``; 0 if one of them is empty."""
    differs = painted(pixels, ground)
    inside = np.zeros_like(differs)
    for placed in places:
        window = _window(placed, differs.shape)
        if not differs[window].any():
            return 0.0
        inside[window] = True
    return float((differs & inside).sum() / differs.sum())


def _window(placed: Placed, shape: tuple[int, ...]) -> tuple[slice, slice]:
    reach = placed.size / 2 + SLACK
    ends = ((centre - reach, centre + reach) for centre in (placed.cy, placed.cx))
    down, across = (
        slice(max(0, round(low * side)), round(high * side))
        for (low, high), side in zip(ends, shape, strict=True)
    )
    return down, across
