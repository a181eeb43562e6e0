"""A drawing made from a workflow: reading it gives the workflow again, and it is laid out left to right."""

import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from if_graph.errors import WorkflowError
from if_graph.graph.editor_format import read_editor
from if_graph.graph.editor_write import to_editor
from if_graph.graph.schema import Schemas
from if_graph.graph.workflow import Link, Node, Workflow

FOLDER = Path(__file__).parent / "conversion"
DRAWN = sorted(FOLDER.glob("*.ui.json"))


@pytest.fixture(scope="module")
def schemas():
    return Schemas(json.loads((FOLDER / "object_info.json").read_text()))


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: path.name.split(".")[0])
def test_a_recorded_workflow_survives_being_drawn_anew(path, schemas):
    first = read_editor(json.loads(path.read_text()), schemas, datetime(2026, 8, 22))
    drawn = json.loads(json.dumps(to_editor(first, schemas)))
    assert read_editor(drawn, schemas).to_api() == first.to_api()


WIDGETS = {
    "seed": ["INT", {}],
    "steps": ["INT", {"default": 4}],
    "sampler": ["COMBO", {"options": ["a", "b"], "control_after_generate": True}],
    "text": ["STRING", {"multiline": True}],
    "noise_seed": ["INT", {"forceInput": True}],
    "name": [["x.png", "y.png"], {"image_upload": True}],
    "flag": ["BOOLEAN", {}],
}
VALUES = {
    "seed": st.integers(0, 2**64 - 1),
    "steps": st.integers(-9, 9),
    "sampler": st.sampled_from("ab"),
    "text": st.text(max_size=5) | st.sampled_from(["fixed", "randomize", "image"]),
    "name": st.sampled_from(["x.png", "y.png"]),
    "flag": st.booleans(),
    "any": st.sampled_from([0, "word", [1, 2]]),  # no field shows these: they need a primitive node
    "undeclared": st.integers(),
}


@st.composite
def described_workflows(draw):
    """Some classes with fields in any order, and a workflow of up to 8 nodes that link to earlier ones."""
    info, nodes = {}, {}
    for kind in "PQR":
        names = draw(st.permutations(sorted(WIDGETS)))
        cut = draw(st.integers(0, len(names)))
        groups = {"required": {n: WIDGETS[n] for n in names[:cut]} | {"any": ["*"]},
                  "optional": {n: WIDGETS[n] for n in names[cut:]}}  # fmt: skip
        info[kind] = {"name": kind, "input": groups, "output": ["INT", ["a", "b"]],
                      "output_name": ["n"], "output_is_list": [0, 0], "output_node": True}  # fmt: skip
    for i in range(draw(st.integers(1, 8))):
        inputs = {}
        for name in [*WIDGETS, "any", "undeclared"]:
            if i and draw(st.booleans()):
                inputs[name] = Link(f"{draw(st.integers(0, i - 1))}", draw(st.integers(0, 1)))
            elif name in VALUES and (name in WIDGETS or draw(st.booleans())):
                inputs[name] = draw(VALUES[name])
        nodes[f"{i}"] = Node(draw(st.sampled_from("PQR")), inputs, draw(st.sampled_from(["My node", "Q"])))
    return info, Workflow(nodes)


@settings(max_examples=100, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
@given(described_workflows())
def test_reading_a_drawing_gives_the_workflow_again(case):
    info, workflow = case
    schemas = Schemas(info)
    drawn = to_editor(workflow, schemas)
    again = read_editor(json.loads(json.dumps(drawn)), schemas)
    assert again.to_api() == workflow.to_api()


@settings(max_examples=50, deadline=None, database=None, derandomize=True)
@given(described_workflows())
def test_every_arrow_points_right_and_no_boxes_overlap(case):
    info, workflow = case
    drawn = to_editor(workflow, Schemas(info))
    boxes = {box["id"]: box for box in drawn["nodes"]}
    for _, source, _, target, *_ in drawn["links"]:
        assert boxes[source]["pos"][0] + boxes[source]["size"][0] < boxes[target]["pos"][0]
    columns = {}
    for box in boxes.values():
        columns.setdefault(box["pos"][0], []).append((box["pos"][1], box["pos"][1] + box["size"][1]))
    for spans in map(sorted, columns.values()):
        assert all(above[1] < below[0] for above, below in pairwise(spans))


def test_sockets_and_links_name_each_other(schemas):
    drawn = to_editor(read_editor(json.loads(DRAWN[0].read_text()), schemas), schemas)
    boxes = {box["id"]: box for box in drawn["nodes"]}
    for key, source, slot, target, place, _ in drawn["links"]:
        assert key in boxes[source]["outputs"][slot]["links"]
        assert boxes[target]["inputs"][place]["link"] == key
    assert drawn["last_link_id"] == len(drawn["links"])


def test_the_pack_of_a_node_is_kept(schemas):
    workflow = Workflow({"1": Node("RigAdd", {}, pack="someone/rig"), "2": Node("RigAdd", {}, pack="rig")})
    drawn = to_editor(workflow, schemas)
    assert [box["properties"].get("aux_id") for box in drawn["nodes"]] == ["someone/rig", None]
    assert [box["properties"].get("cnr_id") for box in drawn["nodes"]] == [None, "rig"]
    assert [node.pack for node in read_editor(drawn, schemas).nodes.values()] == ["someone/rig", "rig"]


def test_a_class_without_description_cannot_be_drawn(schemas):
    with pytest.raises(WorkflowError, match="the classes 'A', 'B' have no description"):
        to_editor(Workflow({"1": Node("A"), "2": Node("B")}), schemas)


def test_native_reroutes_and_groups_change_nothing_and_are_kept(schemas):
    drawn = json.loads((FOLDER / "plain.ui.json").read_text())
    sent = read_editor(drawn, schemas).to_api()
    drawn["groups"] = [{"title": "G", "bounding": [0, 0, 9, 9]}]
    drawn["extra"] = {
        "reroutes": [{"id": 1, "pos": [5, 5], "linkIds": [1]}], "linkExtensions": [{"id": 1, "parentId": 1}]
    }  # fmt: skip
    workflow = read_editor(drawn, schemas)
    assert workflow.to_api() == sent
    assert workflow.to_editor() == drawn
