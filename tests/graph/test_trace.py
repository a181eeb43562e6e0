import json

import pytest

from if_graph.errors import NodeError
from if_graph.graph.executor import Executor
from if_graph.seeing.trace import Trace


def traced(classes, *workflows):
    trace, executor = Trace(), Executor(classes)
    for workflow in workflows:
        executor.run(workflow, on_event=trace)
    return json.loads(trace.text())["traceEvents"]


def of_kind(events, kind):
    return [event for event in events if event.get("cat") == kind]


@pytest.fixture
def steps(flow):
    return flow(n=("Steps", {"value": 1, "steps": 3}), s=("Show", {"value": "@n"}))


def test_there_is_a_slice_for_each_node_and_each_step(classes, steps):
    events = traced(classes, steps)
    assert [event["name"] for event in of_kind(events, "node")] == ["Steps", "Show"]
    assert [event["name"] for event in of_kind(events, "step")] == ["step 1/3", "step 2/3", "step 3/3"]


def test_steps_lie_within_their_node_one_after_the_other(classes, steps):
    events = traced(classes, steps)
    node = of_kind(events, "node")[0]
    ends = [node["ts"]]
    for step in of_kind(events, "step"):
        assert step["ts"] == pytest.approx(ends[-1], abs=0.002)  # times are rounded to nanoseconds
        ends.append(step["ts"] + step["dur"])
    assert ends[-1] <= node["ts"] + node["dur"] + 0.002


def test_cache_hits_are_instants(classes, steps):
    hits = of_kind(traced(classes, steps, steps), "cached")
    assert [(hit["ph"], hit["s"], hit["args"]["node"]) for hit in hits] == [("i", "t", "n"), ("i", "t", "s")]


def test_memory_is_counted_and_every_node_has_its_peak(classes, steps):
    events = traced(classes, steps)
    counters = [event["args"] for event in events if event["ph"] == "C"]
    assert all(counter["process"] > 1 for counter in counters)
    assert all(event["args"]["process_memory"] > 2**20 for event in of_kind(events, "node"))


def test_a_failed_node_says_so(classes, flow):
    trace = Trace()
    workflow = flow(
        n=("Steps", {"value": 1, "steps": 3}), f=("Fail", {"value": "@n"}), s=("Show", {"value": "@f"})
    )
    with pytest.raises(NodeError):
        Executor(classes).run(workflow, on_event=trace)
    last = of_kind(trace.events, "node")[-1]
    assert (last["name"], last["args"]["node"]) == ("Fail", "f")
    assert "ZeroDivisionError" in last["args"]["failed"]


def test_every_event_has_what_its_phase_demands(classes, steps):
    demands = {"X": {"ts", "dur"}, "i": {"ts", "s"}, "C": {"ts", "args"}, "M": {"args"}}
    for event in traced(classes, steps, steps):
        assert event.keys() >= {"name", "ph", "pid", "tid"} | demands[event["ph"]]
