"""How the executor's work grows with the graph, in counts, which no busy machine changes."""

import sys

import pytest

from if_graph.graph.executor import Executor
from if_graph.graph.workflow import Link, Node, Workflow


class Pass:
    CATEGORY, FUNCTION, RETURN_TYPES = "toys", "run", ("INT",)
    asked = 0

    @classmethod
    def INPUT_TYPES(cls):
        Pass.asked += 1
        return {"required": {"value": ("INT", {})}}

    def run(self, value):
        return (value,)


class End(Pass):
    OUTPUT_NODE = True


CLASSES = {"Pass": Pass, "End": End}


def chain(count):
    nodes = {str(i): Node("Pass", {"value": Link(str(i - 1), 0) if i else 0}) for i in range(count - 1)}
    return Workflow({**nodes, str(count - 1): Node("End", {"value": Link(str(count - 2), 0)})})


def fan(count):
    ends = {str(i): Node("End", {"value": Link("0", 0)}) for i in range(1, count)}
    return Workflow({"0": Node("Pass", {"value": 0}), **ends})


def function_calls(executor, workflow):
    """Count every call of a function, Python or C, while a workflow runs."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        executor.run(workflow)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("make", [chain, fan])
@pytest.mark.parametrize("is_cached", [False, True], ids=["cold", "cached"])
def test_the_work_for_a_node_does_not_grow_with_the_graph(make, is_cached):
    cost = {}
    for count in (50, 250):
        executor, workflow = Executor(CLASSES), make(count)
        if is_cached:
            executor.run(workflow)
        cost[count] = function_calls(executor, workflow) / count
    assert cost[250] <= 1.05 * cost[50]  # sorting is counted as one call; all else is linear


def test_a_class_is_asked_for_its_inputs_once_a_run():
    Pass.asked = 0
    Executor(CLASSES).run(chain(300))
    assert Pass.asked == 2  # Pass and End


def test_a_node_takes_few_calls():
    executor, workflow = Executor(CLASSES), chain(100)
    cold = function_calls(executor, workflow) / 100
    cached = function_calls(executor, workflow) / 100
    assert cold < 340  # 310 when written
    assert cached < 145  # 129
