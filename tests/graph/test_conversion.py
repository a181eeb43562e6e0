"""Editor files against what the official front end sent for them.

The pairs in ``conversion/`` were recorded by ``conversion/record.py``, which says with which version; those
in ``conversion/shipped`` belong to the files in ``workflows/``. After a change to a shipped workflow, record
it anew with ``python tests/graph/conversion/record.py NAME``.
"""

import copy
import json
import random
from datetime import datetime
from pathlib import Path

import pytest

from if_graph.errors import WorkflowError
from if_graph.graph.editor_format import read_editor
from if_graph.graph.editor_text import pick_choices, without_choices
from if_graph.graph.load import load_workflow
from if_graph.graph.schema import Schemas

FOLDER = Path(__file__).parent / "conversion"
SHIPPED = FOLDER / "shipped"
WORKFLOWS = FOLDER.parents[2] / "workflows"
RECORDED = datetime(2026, 8, 22, 3, 4, 5)


@pytest.fixture(scope="module")
def info():
    return json.loads((FOLDER / "object_info.json").read_text())


def pair(name):
    return (json.loads((FOLDER / f"{name}.{kind}.json").read_text()) for kind in ("ui", "api"))


NAMES = sorted(path.name.split(".")[0] for path in FOLDER.glob("*.ui.json"))


@pytest.mark.parametrize("name", NAMES)
def test_an_editor_file_becomes_what_the_front_end_sends(name, info):
    drawn, sent = pair(name)
    assert read_editor(drawn, Schemas(info), RECORDED).to_api() == sent


@pytest.mark.parametrize("name", sorted(path.stem.split(".")[0] for path in SHIPPED.glob("*.api.json")))
def test_a_shipped_workflow_becomes_what_the_front_end_sends(name):
    info = json.loads((SHIPPED / "object_info.json").read_text())
    drawn = json.loads((WORKFLOWS / f"{name}.json").read_text())
    sent = json.loads((SHIPPED / f"{name}.api.json").read_text())
    assert read_editor(drawn, Schemas(info), RECORDED).to_api() == sent


@pytest.mark.parametrize("name", NAMES)
def test_api_format_is_read_and_written_back_the_same(name, info):
    _, sent = pair(name)
    assert load_workflow(sent, object_info=info).to_api() == sent


def test_schema_1_links_are_read_like_those_of_0_4(info):
    drawn, sent = pair("plain")
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    drawn["links"] = [dict(zip(names, link, strict=True)) for link in drawn["links"]]
    assert read_editor(drawn | {"version": 1}, Schemas(info)).to_api() == sent


def test_a_bypassed_node_hands_on_its_input(info):
    drawn, sent = pair("plain")
    drawn["nodes"][1]["mode"] = 4
    del sent["2"]
    sent["3"]["inputs"]["images"] = ["1", 0]
    assert read_editor(drawn, Schemas(info)).to_api() == sent


def test_a_primitive_node_writes_its_value_into_the_widget(info):
    drawn, sent = pair("plain")
    drawn["nodes"].append(
        {"id": 9, "type": "PrimitiveNode", "widgets_values": [5, "fixed"], "outputs": [{"type": "INT"}]}
    )
    drawn["nodes"][1]["inputs"][1]["link"] = 7
    drawn["links"].append([7, 9, 0, 2, 1, "INT"])
    sent["2"]["inputs"]["k"] = 5
    assert read_editor(drawn, Schemas(info)).to_api() == sent


def test_a_bypassed_subgraph_is_not_entered(info):
    drawn, sent = pair("subgraph")
    drawn["nodes"][2]["mode"] = 4
    assert list(read_editor(drawn, Schemas(info)).to_api()) == ["1", "3"]
    sent["3"]["inputs"]["images"] = ["1", 0]
    assert read_editor(drawn, Schemas(info)).to_api()["3"] == sent["3"]


def test_subgraphs_nest(info):
    drawn, _ = pair("subgraph")
    inner = drawn["definitions"]["subgraphs"][0]
    outer = copy.deepcopy(inner) | {"id": "outer"}
    outer["nodes"][0] |= {"type": inner["id"], "widgets_values": []}
    drawn["definitions"]["subgraphs"].append(outer)
    drawn["nodes"][2]["type"] = "outer"
    sent = read_editor(drawn, Schemas(info)).to_api()
    assert set(sent) == {"1", "3", "5:4", "5:2:2", "5:2:4"}
    assert sent["5:4"]["inputs"]["image"] == ["5:2:4", 0]
    assert sent["5:2:2"]["inputs"]["image"] == ["1", 0]


def test_a_subgraph_inside_itself_is_refused(info):
    drawn, _ = pair("subgraph")
    definition = drawn["definitions"]["subgraphs"][0]
    definition["nodes"][0]["type"] = definition["id"]
    with pytest.raises(WorkflowError, match="node 5:2: its subgraph contains itself"):
        read_editor(drawn, Schemas(info))


def test_subgraphs_nested_without_end_are_refused():
    box = {"id": 1, "inputs": [], "outputs": []}
    nested = [{"id": f"{i}", "nodes": [box | {"type": f"{i + 1}"}]} for i in range(20_000)]
    drawn = {"nodes": [box | {"type": "0"}], "links": [], "definitions": {"subgraphs": nested}}
    with pytest.raises(WorkflowError, match="subgraphs are nested more than 100 deep"):
        read_editor(drawn, Schemas({}))


def test_reroutes_in_a_circle_are_refused(info):
    drawn, _ = pair("reroute_node")
    drawn["nodes"][-1]["inputs"][0]["link"] = 4
    with pytest.raises(WorkflowError, match="link 4 runs in a circle"):
        read_editor(drawn, Schemas(info))


def test_load_image_stores_a_second_value_for_its_button(info):
    node = {"id": 1, "type": "LoadImage", "widgets_values": ["cat.png", "image"], "inputs": [], "outputs": []}
    workflow = read_editor({"nodes": [node], "links": []}, Schemas(info))
    assert workflow.to_api()["1"]["inputs"] == {"image": "cat.png"}


def test_a_seed_always_has_a_second_value():
    entry = {
        "name": "S", "input": {"required": {"noise_seed": ["INT", {}], "steps": ["INT", {}]}},
        "output": [], "output_is_list": [], "output_node": True,
    }  # fmt: skip
    drawn = {"nodes": [{"id": 1, "type": "S", "widgets_values": [7, "increment", 20]}], "links": []}
    assert read_editor(drawn, Schemas({"S": entry})).nodes["1"].inputs == {"noise_seed": 7, "steps": 20}


def test_fields_come_in_the_order_that_the_description_lists():
    entry = {
        "name": "S", "input": {"required": {"b": ["INT", {}], "a": ["INT", {}]}},
        "input_order": {"required": ["a", "b"]}, "output": [], "output_is_list": [], "output_node": True,
    }  # fmt: skip
    drawn = {"nodes": [{"id": 1, "type": "S", "widgets_values": [1, 2]}], "links": []}
    assert read_editor(drawn, Schemas({"S": entry})).nodes["1"].inputs == {"a": 1, "b": 2}


def test_a_text_with_choices_decides_anew_each_time():
    texts = {pick_choices("{red|green {big|small}} cat", random.Random(i)) for i in range(20)}
    assert texts == {"red cat", "green big cat", "green small cat"}


@pytest.mark.parametrize("text", ["a {b|c} // x /* y */ ///// /**/ z", "{{{", "}}|", "/{/}", "\\ plain"])
def test_a_text_typed_so_that_it_has_no_choices_is_sent_as_it_is(text):
    assert pick_choices(without_choices(text), random.Random(0)) == text


def test_nested_choices_without_end_are_no_problem():
    assert pick_choices("{" * 100_000, random.Random(0)) == ""


def test_values_missing_from_a_short_list_have_their_defaults(info):
    drawn, sent = pair("plain")
    drawn["nodes"][0]["widgets_values"] = [64]
    assert read_editor(drawn, Schemas(info)).to_api() == sent


def test_widget_values_may_be_named(info):
    drawn, sent = pair("plain")
    for node in drawn["nodes"]:
        node["widgets_values"] = node["widgets_values_named"]
    assert read_editor(drawn, Schemas(info)).to_api() == sent


def test_an_edit_shows_in_the_picture_it_came_from(info):
    drawn, _ = pair("plain")
    before = copy.deepcopy(drawn)
    workflow = read_editor(drawn, Schemas(info)).with_input("Rig Noise Image", "mode", "gray")
    assert workflow.editor["nodes"][0]["widgets_values"] == [64, 64, 0, "randomize", "gray"]
    assert read_editor(workflow.editor, Schemas(info)).to_api() == workflow.to_api()
    assert drawn == before


@pytest.mark.parametrize(("name", "node", "key"), [("subgraph", "5:2", "k"), ("converted_widget", "2", "k")])
def test_an_edit_that_the_picture_cannot_show_drops_it(name, node, key, info):
    drawn, _ = pair(name)
    workflow = read_editor(drawn, Schemas(info)).with_input(node, key, 3)
    assert workflow.nodes[node].inputs[key] == 3
    assert workflow.editor is None
