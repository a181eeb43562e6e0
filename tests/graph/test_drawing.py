import io
import re
from xml.etree import ElementTree

import pytest
from PIL import Image

from if_graph.errors import WorkflowError
from if_graph.graph.schema import Schemas
from if_graph.graph.workflow import Link, Node, Workflow
from if_graph.seeing.costs import Cost, Costs
from if_graph.seeing.drawing import Marks, draw
from if_graph.seeing.paint import CACHED, extent, palette
from if_graph.seeing.png import as_png
from if_graph.seeing.svg import as_svg
from if_graph.seeing.words import as_mermaid, as_text

EVIL = '</title><script>alert("1")</script>&<!--]]>\x00\x1b[31m\ud800\u202e`x`\n#quot;'


@pytest.fixture
def diamond():
    return Workflow(
        {
            "1": Node("Number", {"value": 3}, "Three"),
            "2": Node("Add", {"a": Link("1", 0), "b": 1}),
            "3": Node("Add", {"a": Link("1", 0), "b": Link("2", 0)}),
        }
    )


def evil():
    nodes = {
        EVIL: Node(EVIL, {EVIL: EVIL, "n": 1}, EVIL),
        "2": Node(EVIL, {EVIL: Link(EVIL, 10**9), "gone": Link("nowhere", 0)}, EVIL),
        "3": Node("a", {"loop": Link("4", 0)}),
        "4": Node("b", {"loop": Link("3", 0)}),
    }
    return draw(Workflow(nodes), {})


def svg_of(drawing):
    return ElementTree.fromstring(as_svg(drawing).encode("utf-8"))


def test_every_box_lies_right_of_what_feeds_it(diamond):
    drawing = draw(diamond, {})
    assert [box.depth for box in drawing.boxes.values()] == [0, 1, 2]
    for wire in drawing.wires:
        left, _, width, _ = drawing.boxes[wire.source].place
        assert left + width < drawing.boxes[wire.target].place[0]


def test_text_lists_depth_links_with_types_and_values(diamond):
    lines = as_text(draw(diamond, {})).splitlines()
    assert lines[:2] == ["  0  1 Three (Number)", "       value: 3"]
    assert lines[-2:] == ["       a <- 1.output 0 (*)", "       b <- 2.output 0 (*)"]


def test_cached_nodes_and_costs_are_marked_in_every_form(diamond):
    marks = Marks(frozenset({"1"}), Costs({"2": Cost(1.25, 3 * 2**20)}, frozenset()))
    drawing = draw(diamond, {}, marks)
    assert "0  1 Three (Number)  [cached]" in as_text(drawing)
    assert "1  2 Add  [1.2 s, 3.0 MiB]" in as_text(drawing)
    assert 'n0["Three<br/>Number<br/>cached"]:::cached' in as_mermaid(drawing)
    headers = [rect for rect in svg_of(drawing).findall("{*}rect") if rect.get("fill") == CACHED]
    assert len(headers) == 1
    with Image.open(io.BytesIO(as_png(drawing))) as picture:
        assert picture.getpixel((600, 100)) == tuple(bytes.fromhex(CACHED[1:]))


def test_wires_are_coloured_and_named_by_type(classes, flow):
    workflow = flow(p=("Picture", {"seed": 1}), s=("SavePicture", {"images": "@p"}))
    drawing = draw(workflow, Schemas.of(classes))
    (path,) = svg_of(drawing).findall("{*}path")
    assert (path.get("stroke"), path[0].text) == (palette(drawing)["IMAGE"], "IMAGE")
    assert '-- "IMAGE" -->' in as_mermaid(drawing)


def test_every_type_has_a_colour_of_its_own(classes):
    nodes = {str(i): Node(name) for i, name in enumerate(classes)}
    colours = palette(draw(Workflow(nodes), Schemas.of(classes)))
    assert colours.keys() >= {"INT", "IMAGE", "STRING"}
    assert len(set(colours.values())) == len(colours)


def test_svg_from_hostile_texts_is_well_formed_and_holds_nothing_active():
    root = svg_of(evil())
    assert {element.tag.split("}")[1] for element in root.iter()} <= {
        "svg",
        "rect",
        "circle",
        "text",
        "path",
        "title",
    }
    assert not [
        name for element in root.iter() for name in element.attrib if name.startswith("on") or "href" in name
    ]
    assert any("<script>" in (element.text or "") for element in root.iter())  # as letters


def test_text_from_hostile_texts_cannot_steer_a_terminal():
    assert not re.search(r"[^\x20-\x7e\n\u2026\ufffd]", as_text(evil()))


def test_mermaid_from_hostile_texts_keeps_to_its_labels():
    labels = re.findall(r'"(.*?)"', as_mermaid(evil()))
    assert all(re.fullmatch(r"(?:[\w .,:/()+=-]|<br/>|#\d+;)*", label, re.A) for label in labels)
    assert as_mermaid(evil()).count('"') == 2 * len(labels)


def test_a_png_shows_the_whole_drawing(diamond):
    drawing = draw(diamond, {})
    with Image.open(io.BytesIO(as_png(drawing))) as picture:
        assert picture.size == tuple(2 * side for side in extent(drawing))
    assert as_png(evil()).startswith(b"\x89PNG")


def test_a_png_that_would_be_too_large_is_refused():
    nodes = {str(i): Node("Pass", {"value": Link(str(i - 1), 0)}) for i in range(1000)}
    with pytest.raises(WorkflowError, match=r"a PNG of 1000 nodes would be .* draw it with --to svg"):
        as_png(draw(Workflow(nodes), {}))
