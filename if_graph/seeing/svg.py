"""Drawing -> SVG that stands alone: no script, no style sheet, nothing fetched."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from if_graph.seeing.drawing import Drawing
from if_graph.seeing.paint import BACKGROUND, EDGE, Curve, Point, extent, paint


def as_svg(drawing: Drawing) -> str:
    """Return the drawing as SVG; texts from the file are escaped by the XML library."""
    width, height = (str(side) for side in extent(drawing))
    root = Element("svg", xmlns="http://www.w3.org/2000/svg", width=width, height=height)
    for name, value in (
        ("viewBox", f"0 0 {width} {height}"),
        ("font-family", "system-ui, sans-serif"),
        ("font-size", "12"),
        ("dominant-baseline", "central"),
    ):
        root.set(name, value)
    SubElement(root, "rect", width="100%", height="100%", fill=BACKGROUND)
    paint(drawing, _SvgPen(root))
    return tostring(root, encoding="unicode") + "\n"


@dataclass(frozen=True)
class _SvgPen:
    root: Element

    def rect(self, corner: Point, width: float, height: float, fill: str) -> None:
        x, y, w, h = (f"{value:g}" for value in (*corner, width, height))
        SubElement(self.root, "rect", x=x, y=y, width=w, height=h, rx="4", fill=fill, stroke=EDGE)

    def dot(self, middle: Point, ink: str) -> None:
        SubElement(self.root, "circle", cx=f"{middle[0]:g}", cy=f"{middle[1]:g}", r="5", fill=ink)

    def text(self, at: Point, text: str, ink: str, is_right: bool = False) -> None:
        made = SubElement(self.root, "text", x=f"{at[0]:g}", y=f"{at[1]:g}", fill=ink)
        made.set("text-anchor", "end" if is_right else "start")
        made.text = text

    def wire(self, curve: Curve, ink: str, kind: str) -> None:
        start, *bends = (f"{x:g} {y:g}" for x, y in curve)
        line = SubElement(self.root, "path", d=f"M{start} C{' '.join(bends)}", fill="none", stroke=ink)
        line.set("stroke-width", "2")
        SubElement(line, "title").text = kind
