from dataclasses import replace

import pytest

from if_graph.errors import WorkflowError
from if_graph.graph.workflow import Link, Node, Workflow
from if_graph.seeing.differences import compare, match


@pytest.fixture
def sums():
    return Workflow(
        {
            "1": Node("Number", {"value": 3}, "Three"),
            "2": Node("Number", {"value": 4}, "Four"),
            "3": Node("Add", {"a": Link("1", 0), "b": Link("2", 0)}),
        },
    )


def renumbered(workflow, ids):
    def link(value):
        return Link(ids[value.source], value.slot) if isinstance(value, Link) else value

    nodes = {
        ids[old]: replace(node, inputs={name: link(value) for name, value in node.inputs.items()})
        for old, node in workflow.nodes.items()
    }
    return Workflow(dict(sorted(nodes.items())))


def told(change):
    return change.node, change.kind, change.name, change.before, change.after


def test_a_workflow_equals_itself_under_other_ids_and_in_another_order(sums):
    other = renumbered(sums, {"1": "30", "2": "20", "3": "10"})
    assert not compare(sums, other)
    assert [change.kind for change in compare(sums, other, with_looks=True).changes] == ["id"] * 3


def test_a_changed_constant_is_told_from_a_changed_link(sums):
    other = sums.with_input("1", "value", 5).with_input("3", "b", Link("1", 0))
    assert [told(change) for change in compare(sums, other).changes] == [
        ("node 1 'Three' (Number)", "constant", "value", "3", "5"),
        (
            *("node 3 (Add)", "link", "b"),
            *("output 0 of node 2 'Four' (Number)", "output 0 of node 1 'Three' (Number)"),
        ),
    ]


@pytest.mark.parametrize("odd", [True, "3", 3.5, None, [3], Link("2", 0)])
def test_values_of_another_type_differ(sums, odd):
    other = Workflow({**sums.nodes, "1": replace(sums.nodes["1"], inputs={"value": odd})})
    assert compare(sums, other).changes
    assert compare(other, sums).changes


def test_a_whole_float_equals_the_int_that_editors_save(sums):
    assert not compare(sums, sums.with_input("1", "value", 3.0))


def test_added_and_removed_nodes_are_named(sums):
    fewer = Workflow({node_id: node for node_id, node in sums.nodes.items() if node_id != "2"})
    assert compare(sums, fewer).removed == ("node 2 'Four' (Number)",)
    assert compare(fewer, sums).added == ("node 2 'Four' (Number)",)


def test_a_node_of_another_class_is_another_node(sums):
    other = Workflow({**sums.nodes, "3": Node("Mul", sums.nodes["3"].inputs)})
    found = compare(sums, other)
    assert (found.removed, found.added, found.changes) == (("node 3 (Add)",), ("node 3 (Mul)",), ())


def test_titles_and_positions_count_only_when_asked(sums):
    drawn = [
        replace(
            sums,
            editor={"nodes": [{"id": 1, "type": "Number", "pos": [x, 0]}]},
            schemas=dict.fromkeys(["Number", "Add"]),
        )
        for x in (0, 9)
    ]
    drawn[1] = replace(drawn[1], nodes={**sums.nodes, "2": replace(sums.nodes["2"], title="IV")})
    assert not compare(*drawn)
    looks = [
        (change.kind, change.before, change.after) for change in compare(*drawn, with_looks=True).changes
    ]
    assert looks == [("position", "[0, 0]", "[9, 0]"), ("title", '"Four"', '"IV"')]


def test_values_whose_names_only_a_missing_class_knows_are_not_called_equal():
    box = {"id": 1, "type": "Far", "widgets_values": [1]}
    workflow = Workflow({"1": Node("Far")}, {"nodes": [box]})
    with pytest.raises(WorkflowError, match="there is no node class 'Far'"):
        compare(workflow, workflow)
    del box["widgets_values"]
    assert not compare(workflow, workflow)


def test_each_node_is_matched_once(sums):
    twice = Workflow({"7": Node("Number"), "8": Node("Number"), "9": Node("Number")})
    assert match(sums.nodes, twice.nodes) == {"1": "7", "2": "8"}
