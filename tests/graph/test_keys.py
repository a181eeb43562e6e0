"""What a content key depends on, and what it does not."""

import pytest

from if_graph.graph.canonical import Unkeyable, canonical
from if_graph.graph.dag import build_dag
from if_graph.graph.keys import content_keys
from if_graph.graph.workflow import Node, Workflow


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
