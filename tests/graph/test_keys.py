"""What a content key depends on, and what it does not."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from if_graph.graph.canonical import Unkeyable, canonical
from if_graph.graph.dag import build_dag
from if_graph.graph.executor import Executor
from if_graph.graph.keys import content_keys
from if_graph.graph.workflow import Link, Node, Workflow


@pytest.fixture
def key_of(classes):
    def key_of(workflow, node_id="a"):
        return content_keys(build_dag(workflow, classes, [node_id]), classes)[node_id]

    return key_of


def test_different_types_have_different_forms():
    values = [
        1,
        1.0,
        True,
        "1",
        b"1",
        [1],
        (1,),
        {"1": 1},
        None,
        0,
        0.0,
        -0.0,
        False,
        "",
        [],
        {},
        [[]],
        [1, 1],
        [[1], 1],
    ]
    assert len({canonical(value) for value in values}) == len(values)


def test_the_order_of_keys_does_not_matter():
    assert canonical({"a": 1, "b": [2]}) == canonical({"b": [2], "a": 1})


@pytest.mark.parametrize("value", [float("nan"), [object()], {"a": {1, 2}}])
def test_what_has_no_form_is_refused(value):
    with pytest.raises(Unkeyable):
        canonical(value)


def test_deep_nesting_is_no_problem():
    value = []
    for _ in range(100_000):
        value = [value]
    assert len(canonical(value)) > 100_000


def test_ids_and_titles_do_not_count(key_of, flow):
    renamed = Workflow({"z": Node("Number", {"value": 1}, title="another name")})
    assert key_of(flow(a=("Number", {"value": 1}))) == key_of(renamed, "z")


def test_the_version_of_a_class_counts(key_of, flow, classes, monkeypatch):
    workflow = flow(a=("Number", {"value": 1}))
    before = key_of(workflow)
    monkeypatch.setattr(classes["Number"], "VERSION", 2, raising=False)
    assert key_of(workflow) != before


def test_the_class_and_the_output_slot_count(key_of, flow):
    workflow = flow(a=("Number", {"value": 1}), b=("Watched", {"value": 1}))
    assert key_of(workflow) != key_of(workflow, "b")


def test_what_follows_a_node_that_always_changes_has_no_key(key_of, flow):
    assert key_of(flow(f=("Fickle", {"value": 1}), a=("Add", {"a": "@f", "b": 1}))) is None


def test_a_failing_is_changed_means_no_key_and_a_warning(key_of, flow, classes, monkeypatch, caplog):
    monkeypatch.setattr(classes["Watched"], "IS_CHANGED", lambda **inputs: 1 / 0)
    assert key_of(flow(a=("Watched", {"value": 1}))) is None
    assert "IS_CHANGED failed: division by zero" in caplog.text


def test_linked_inputs_reach_is_changed_as_none(key_of, flow, classes, monkeypatch):
    seen = []
    monkeypatch.setattr(classes["Watched"], "IS_CHANGED", lambda value: seen.append(value))
    key_of(flow(n=("Number", {"value": 1}), a=("Watched", {"value": "@n"})))
    assert seen == [None]


@st.composite
def dags(draw):
    """A workflow of 2 to 12 adders; every node has constants of its own, so that no two are twins."""
    nodes = {}
    for i in range(draw(st.integers(2, 12))):
        feeds = [draw(st.integers(-1, i - 1)) for _ in range(2)]
        a, b = (Link(str(feed), 0) if feed >= 0 else 0 for feed in feeds)
        nodes[str(i)] = Node("Add", {"a": a, "b": b, "c": 1 << i})
    shown = draw(st.lists(st.sampled_from(sorted(nodes)), min_size=1, max_size=3, unique=True))
    return Workflow(nodes | {f"show {n}": Node("Show", {"value": Link(n, 0)}) for n in shown})


def reach(workflow, start, forward):
    """Return the nodes that ``start`` feeds, or those that feed it, itself included."""
    found, grown = set(start), True
    while grown:
        pairs = [
            (v.source, n)
            for n, node in workflow.nodes.items()
            for v in node.inputs.values()
            if isinstance(v, Link)
        ]
        more = {b if forward else a for a, b in pairs if (a if forward else b) in found} - found
        found, grown = found | more, bool(more)
    return found


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(workflow=dags(), data=st.data())
def test_a_change_runs_exactly_what_is_downstream_of_it(toy_module, workflow, data):
    executor = Executor(toy_module.NODE_CLASS_MAPPINGS)
    needed = reach(workflow, [n for n in workflow.nodes if n.startswith("show")], forward=False)
    assert set(executor.run(workflow).executed) == needed
    changed = data.draw(st.sampled_from([n for n in workflow.nodes if not n.startswith("show")]))
    again = executor.run(workflow.with_input(changed, "c", -1))
    assert set(again.executed) == reach(workflow, [changed], forward=True) & needed
    assert executor.run(workflow).executed == []


@settings(max_examples=50, deadline=None, database=None, derandomize=True)
@given(workflow=dags())
def test_a_title_or_the_order_of_nodes_runs_nothing(toy_module, workflow):
    executor = Executor(toy_module.NODE_CLASS_MAPPINGS)
    executor.run(workflow)
    turned = {n: replace(node, title=f"t{n}") for n, node in reversed(workflow.nodes.items())}
    assert executor.run(Workflow(turned)).executed == []
