"""Graphs written in Python, on toy classes."""

import asyncio
import inspect
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from if_graph.code import Graph
from if_graph.errors import Interrupted, NodeError, WorkflowError
from if_graph.graph.events import NodeProgress, RunFailed, RunFinished, RunStarted

DOCS = Path(__file__).parents[2] / "docs" / "python.md"
WAITING = threading.Event()


class Gate:
    """Waits until the test lets it go on, then reports a step."""

    CATEGORY, FUNCTION, RETURN_TYPES, OUTPUT_NODE = "toys", "run", ("INT", "INT"), True
    RETURN_NAMES = ("the count", "twice")
    opened, entered = threading.Event(), threading.Event()

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def run(self):
        from if_graph.progress import report

        self.entered.set()
        assert self.opened.wait(5)
        report(1, 2, "old")
        report(2, 2, "new")
        return (1, 2)


@pytest.fixture
def graph(classes):
    Gate.opened.clear()
    Gate.entered.clear()
    return Graph({**classes, "Gate": Gate})


def test_what_is_wired_runs_and_its_values_are_found_by_output(graph):
    n = graph.nodes
    total = n.Add(a=n.Number(value=3).INT, b=n.Number(value=4)[0])
    shown = n.Show(value=total)
    result = graph.run()
    assert result[total.int] == 7
    assert result[shown] == (7,)


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (lambda n: n.Add(a=n.Picture()), "input 'a' got IMAGE from node 1 (Picture), expected INT"),
        (lambda n: n.Picture(widht=4), "no input 'widht'; did you mean 'width'"),
        (lambda n: n.SavePicture(), "input 'images' is missing, expected IMAGE"),
        (lambda n: n.Picture(width=65), "expected at most 64"),
        (lambda n: n.Picture(mode="grey"), "did you mean 'gray'"),
        (lambda n: n.SavePicture(images=3), "got 3, expected IMAGE; connect"),
        (lambda n: n.Show(value=object()), "got a object, which no workflow file can hold"),
        (lambda n: n.Nmber(), "no node class 'Nmber'; did you mean 'Number'"),
        (lambda n: n.Number().image, "no output 'image'"),
        (lambda n: n.Number()[1], "has 1 outputs, counted from 0, got 1"),
        (lambda n: n.Show(value=n.Gate()), "expected one output; name one"),
        (lambda n: n.Picky(value=13), "13 brings bad luck"),
    ],
)
def test_a_mistake_is_one_sentence_on_the_line_that_makes_it(graph, wire, words):
    with pytest.raises(WorkflowError) as caught:
        wire(graph.nodes)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_refused_node_leaves_the_graph_as_it_was(graph):
    number = graph.nodes.Number(value=1)
    before = graph.workflow
    for attempt in (lambda: graph.nodes.Number(value=5000), lambda: number.set(value=5000)):
        with pytest.raises(WorkflowError):
            attempt()
    assert graph.workflow is before


def test_links_in_a_circle_and_between_graphs_are_refused(graph, classes):
    first = graph.nodes.Add()
    second = graph.nodes.Add(a=first)
    with pytest.raises(WorkflowError, match="circle"):
        first.set(a=second)
    with pytest.raises(WorkflowError, match="another graph"):
        Graph(classes).nodes.Add(a=first)


def test_names_that_are_no_identifiers_can_be_reached(graph):
    gate = graph.nodes["Gate"]()
    assert gate.the_count == gate[0]
    assert not hasattr(gate, "thrice")
    assert "value" in inspect.signature(graph.nodes.Number).parameters


@pytest.mark.parametrize("to", ["api", "editor"])
def test_a_saved_graph_loads_and_runs_the_same(graph, classes, tmp_path, to):
    n = graph.nodes
    n.Show(value=n.Add(a=n.Number(value=3), b=4).titled("Sum"))
    graph.save(tmp_path / "sum.json", to=to)
    again = Graph.load(tmp_path / "sum.json", classes)
    assert again.run(again["Sum"])[again["Sum"].INT] == 7
    assert again.run(again["Sum"].set(b=1))[again["Sum"]] == (4,)
    assert [path.name for path in tmp_path.iterdir()] == ["sum.json"]


def test_a_place_or_format_that_cannot_be_is_refused_and_nothing_is_written(graph, tmp_path):
    graph.nodes.Number()
    for path, to in ((tmp_path / "no" / "x.json", "api"), (tmp_path / "x.json", "yaml")):
        with pytest.raises(WorkflowError):
            graph.save(path, to)
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_calls_only_what_changed(graph, calls):
    number = graph.nodes.Number(value=1)
    total = graph.nodes.Add(a=number)
    graph.run()
    calls.clear()
    assert graph.run(total.set(b=2))[total.INT] == 3
    assert calls == ["Add"]


def test_every_watcher_sees_all_events_but_only_the_newest_preview(graph):
    graph.nodes.Gate()
    running = graph.start()
    Gate.opened.set()
    running.result(5)
    events = list(running.events())
    assert [type(events[0]), type(events[-1])] == [RunStarted, RunFinished]
    assert [e.preview for e in events if isinstance(e, NodeProgress)] == [None, "new"]
    assert events == list(running.events())


def test_a_cancelled_run_stops_at_its_next_step(graph):
    graph.nodes.Gate()
    running = graph.start()
    assert Gate.entered.wait(5)
    assert not running.is_done
    running.cancel()
    Gate.opened.set()
    with pytest.raises(Interrupted):
        running.result(5)
    assert isinstance(list(running.events())[-1], RunFailed)


def test_a_failing_node_is_raised_where_the_result_is_asked_for(graph):
    graph.nodes.Fail(value=1)
    with pytest.raises(NodeError):
        graph.start().result(5)
    with pytest.raises(NodeError):
        asyncio.run(graph.run_async())


def test_async_code_watches_awaits_and_cancels(graph):
    gate = graph.nodes.Gate()

    async def watch():
        running = graph.start()
        Gate.opened.set()
        return [type(event) async for event in running.events()], (await running)[gate.twice]

    kinds, value = asyncio.run(watch())
    assert (kinds[0], kinds[-1], value) == (RunStarted, RunFinished, 2)


def test_cancelling_the_task_stops_the_run(graph):
    graph.nodes.Gate()
    seen = []

    async def give_up():
        task = asyncio.create_task(graph.run_async(on_event=seen.append))
        await asyncio.to_thread(Gate.entered.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    Gate.opened.set()
    with graph._one_run:  # the run has let go of the executor
        assert isinstance(seen[-1], RunFailed)


def test_an_empty_graph_and_foreign_wishes_are_refused(graph):
    with pytest.raises(WorkflowError, match="empty"):
        graph.run()
    with pytest.raises(WorkflowError, match="expected nodes or outputs"):
        graph.run("1")


def test_importing_the_package_and_its_builder_does_not_wait_for_torch():
    code = (
        "import sys, if_graph; assert 'if_graph.code' not in sys.modules; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_guides_examples_run(classes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, *rest = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
    exec("\n".join([first, *rest]), {"classes": classes})
    assert {path.name for path in tmp_path.iterdir()} == {"sum.json", "sum-drawn.json"}
