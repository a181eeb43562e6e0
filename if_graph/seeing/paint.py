"""Drawing -> strokes of a pen: what goes where, whatever the picture's format."""

import colorsys
from collections.abc import Mapping
from typing import Protocol

from if_graph.seeing.drawing import HEADER, ROW, Box, Drawing, Wire

MARGIN, LEGEND, ITEM = 24, 40, 160
BACKGROUND, FACE, EDGE, INK, FAINT = "#ffffff", "#f8f9fa", "#adb5bd", "#212529", "#5c636a"
PLAIN, CACHED = "#e9ecef", "#b7e4c7"
Point = tuple[float, float]
Curve = tuple[Point, Point, Point, Point]


class Pen(Protocol):
    """Draws on a picture whose origin is its upper left corner."""

    def rect(self, corner: Point, width: float, height: float, fill: str) -> None:
        """Draw a box with rounded corners."""

    def dot(self, middle: Point, ink: str) -> None:
        """Draw a socket."""

    def text(self, at: Point, text: str, ink: str, is_right: bool = False) -> None:
        """Write a line that begins, or ends, at a point half-way up its letters."""

    def wire(self, curve: Curve, ink: str, kind: str) -> None:
        """Draw a cubic Bézier curve for a link of a type."""


def extent(drawing: Drawing) -> tuple[int, int]:
    """Return width and height of the whole picture, margins and legend included."""
    places = [box.place for box in drawing.boxes.values()]
    right = max((left + width for left, _, width, _ in places), default=0)
    bottom = max((top + height for _, top, _, height in places), default=0)
    return max(int(right), ITEM * len(drawing.kinds)) + 2 * MARGIN, int(bottom) + 2 * MARGIN + LEGEND


def paint(drawing: Drawing, pen: Pen) -> None:
    """Draw everything: wires below boxes, and a legend of their colours at the bottom."""
    colours = palette(drawing)
    for wire in drawing.wires:
        pen.wire(_curve(drawing, wire), colours[wire.kind], wire.kind)
    for box in drawing.boxes.values():
        _box(box, pen, colours)
    _, height = extent(drawing)
    for number, kind in enumerate(drawing.kinds):
        x, y = MARGIN + ITEM * number, height - LEGEND / 2
        pen.dot((x, y), colours[kind])
        pen.text((x + 10, y), kind, FAINT)


def palette(drawing: Drawing) -> dict[str, str]:
    """Return a colour for every type in a drawing, as far apart as their number allows."""
    sockets = (socket for box in drawing.boxes.values() for socket in (*box.inputs, *box.outputs))
    kinds = sorted({socket.kind for socket in sockets})
    return {kind: _hue(number / len(kinds)) for number, kind in enumerate(kinds)}


def _hue(hue: float) -> str:
    parts = colorsys.hls_to_rgb(hue, 0.42, 0.6)
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _box(box: Box, pen: Pen, colours: Mapping[str, str]) -> None:
    left, top, width, height = _place(box)
    pen.rect((left, top), width, height, FACE)
    pen.rect((left, top), width, HEADER, CACHED if box.is_cached else PLAIN)
    pen.text((left + 10, top + 12), box.title, INK)
    pen.text((left + 10, top + 28), box.class_type, FAINT)
    pen.text((left + width - 10, top + 28), box.note, INK, True)
    for is_right, sockets in ((False, box.inputs), (True, box.outputs)):
        edge, inside = (left + width, left + width - 10) if is_right else (left, left + 10)
        for number, socket in enumerate(sockets):
            pen.dot((edge, _row(box, number)), colours[socket.kind])
            pen.text((inside, _row(box, number)), socket.name, INK, is_right)
    for number, value in enumerate(box.values, max(len(box.inputs), len(box.outputs))):
        pen.text((left + 10, _row(box, number)), value, FAINT)


def _place(box: Box) -> tuple[float, float, float, float]:
    left, top, width, height = box.place
    return left + MARGIN, top + MARGIN, width, height


def _row(box: Box, number: int) -> float:
    """Return the height of the middle of a row of a box: sockets come first, then values."""
    return _place(box)[1] + HEADER + ROW * number + ROW / 2


def _curve(drawing: Drawing, wire: Wire) -> Curve:
    source, target = drawing.boxes[wire.source], drawing.boxes[wire.target]
    start = (_place(source)[0] + source.place[2], _row(source, wire.slot))
    end = (_place(target)[0], _row(target, wire.socket))
    bend = max(40.0, abs(end[0] - start[0]) / 2)
    return start, (start[0] + bend, start[1]), (end[0] - bend, end[1]), end
