import pytest

from if_graph.errors import WorkflowError
from if_graph.graph.load import load_workflow
from if_graph.graph.workflow import Link, Node, Workflow


@pytest.fixture
def workflow():
    return Workflow(
        {
            "1": Node("Number", {"value": 1}, title="First"),
            "2": Node("Number", {"value": 2}, title="Same"),
            "3": Node("Number", {"value": 3}, title="Same"),
        }
    )


def test_an_edit_leaves_the_original_alone(workflow):
    assert workflow.with_input("First", "value", 9).nodes["1"].inputs == {"value": 9}
    assert workflow.nodes["1"].inputs == {"value": 1}


@pytest.mark.parametrize(
    ("node_ref", "name", "message"),
    [
        ("Frist", "value", "no node has the id or title 'Frist'; did you mean 'First'"),
        ("Same", "value", "title 'Same' is shared by nodes '2', '3'; use the id of one of them"),
        ("1", "valeu", r"node 1 'First' \(Number\): there is no input 'valeu'; did you mean 'value'"),
    ],
)
def test_an_edit_that_fits_nowhere_says_what_is_near(workflow, node_ref, name, message):
    with pytest.raises(WorkflowError, match=message):
        workflow.with_input(node_ref, name, 0)


def test_an_edit_may_name_an_input_the_file_leaves_out(classes):
    data = {"1": {"class_type": "Add", "inputs": {"a": 1, "b": 2}}}
    assert load_workflow(data, classes).with_input("1", "c", 3).nodes["1"].inputs["c"] == 3


def test_a_list_is_a_link_only_if_it_looks_like_one():
    data = {"1": {"class_type": "N", "inputs": {"a": ["2", 0], "b": {"__value__": ["2", 0]}, "c": [2, 0]}}}
    inputs = load_workflow(data, {}).nodes["1"].inputs
    assert inputs == {"a": Link("2", 0), "b": ["2", 0], "c": [2, 0]}
    assert load_workflow(data, {}).to_api()["1"]["inputs"]["b"] == {"__value__": ["2", 0]}


def test_a_node_without_title_goes_by_its_class(workflow):
    assert Workflow({"7": Node("Number")}).find("Number") == "7"
