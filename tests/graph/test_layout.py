"""Boxes of shipped and of drawn workflows: room for sockets, fields and pictures, and none on another."""

import json
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from if_graph.graph.editor_format import read_editor
from if_graph.graph.editor_write import to_editor
from if_graph.graph.layout import TITLE, place
from if_graph.graph.library import read_source, shipped_workflows
from if_graph.graph.room import room_for
from if_graph.graph.schema import Schemas

FOLDER = Path(__file__).parent / "conversion"
INFO = json.loads((FOLDER / "object_info.json").read_text())
INFO |= json.loads((FOLDER / "shipped" / "object_info.json").read_text())
SCHEMAS = Schemas(INFO)
MEASURED = json.loads((FOLDER / "sizes.json").read_text())  # by the editor, without a picture
PICTURE = 220  # what the editor adds for one
SHIPPED = [shipped.name for shipped in shipped_workflows()]
SHOWS = ["LoadImage", "SaveImage", "PreviewImage", "IFStageI", "IFStageII", "IFStageIII"]


def edges(box):
    (left, top), (width, height) = box["pos"], box["size"]
    return left, top - TITLE, left + width, top + height


def overlapping(boxes):
    """Pairs of ids of boxes that share a pixel; titles stand above."""
    found = []
    for one, other in combinations(boxes, 2):
        a, b = edges(one), edges(other)
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]:
            found.append((one["id"], other["id"]))
    return found


def drawing(name):
    return json.loads(read_source(name)[0])


@pytest.mark.parametrize("kind", MEASURED)
def test_a_box_has_the_room_that_the_editor_measured(kind):
    (width, height), (needs_width, needs_height) = room_for(SCHEMAS[kind]), MEASURED[kind]
    assert width >= needs_width
    assert height >= needs_height + PICTURE * (kind in SHOWS)


@pytest.mark.parametrize("name", SHIPPED)
def test_boxes_of_a_shipped_workflow_have_room_and_lie_apart(name):
    boxes = drawing(name)["nodes"]
    assert overlapping(boxes) == []
    for box in boxes:
        if box["type"] in SCHEMAS:
            room = room_for(SCHEMAS[box["type"]])
            assert all(side >= need for side, need in zip(box["size"], room, strict=True)), box["type"]


@pytest.mark.parametrize("name", SHIPPED)
def test_groups_of_a_shipped_workflow_hold_what_they_touch(name):
    drawn = drawing(name)
    for group in drawn["groups"]:
        left, top, width, height = group["bounding"]
        for box in drawn["nodes"]:
            x_0, y_0, x_1, y_1 = edges(box)
            inside = left <= x_0 and x_1 <= left + width and top <= y_0 and y_1 <= top + height
            outside = x_1 <= left or left + width <= x_0 or y_1 <= top or top + height <= y_0
            assert inside or outside, (group["title"], box["id"])


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_workflow_drawn_anew_has_boxes_that_lie_apart(name):
    drawn = to_editor(read_editor(drawing(name), SCHEMAS), SCHEMAS)
    assert overlapping(drawn["nodes"]) == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ui.json")), ids=lambda path: path.name.split(".")[0])
def test_a_recorded_workflow_drawn_anew_has_boxes_that_lie_apart(path):
    drawn = to_editor(read_editor(json.loads(path.read_text()), SCHEMAS), SCHEMAS)
    assert overlapping(drawn["nodes"]) == []


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(50, 900), st.integers(20, 2000)), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20),
)
def test_boxes_of_any_size_and_links_in_circles_are_laid_apart(sizes, links):
    boxes = [{"id": i, "size": list(size)} for i, size in enumerate(sizes)]
    place(boxes, [[0, a, 0, b, 0, "*"] for a, b in links if max(a, b) < len(boxes)])
    assert overlapping(boxes) == []


def test_a_loader_stands_right_before_what_it_feeds():
    drawn = to_editor(read_editor(drawing("super-resolution"), SCHEMAS), SCHEMAS)
    left = {box["type"]: box["pos"][0] for box in drawn["nodes"]}
    assert left["IFLoadTextEncoder"] < left["IFLoadStage"] == left["IFScheduler"] < left["IFStageII"]
