"""The rarer parts of ComfyUI's node contract: lazy inputs, blockers, sub-graphs, raw links, coroutines."""

import asyncio

import pytest
import torch

from if_graph.errors import NodeError
from if_graph.graph import Executor, MemoryCache
from if_graph.graph.events import NodeBlocked


class Base:
    FUNCTION, RETURN_TYPES = "run", ("INT",)
    ANY: dict = {}

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}, "optional": {name: ("*", dict(opts)) for name, opts in cls.ANY.items()}}


class Either(Base):
    ANY = {"first": {}, "yes": {"lazy": True}, "no": {"lazy": True}}

    def check_lazy_status(self, first, yes=None, no=None):
        return ["yes" if first else "no"]

    def run(self, first, yes=None, no=None):
        return ((yes, no),)


class AsyncEither(Either):
    async def check_lazy_status(self, first, yes=None, no=None):
        return ["yes"] if yes is None else ["no"] if no is None else []


class Block(Base):
    ANY = {"value": {}}

    def run(self, value):
        return (ExecutionBlocker("too dark") if value > 1 else value,)


class ExecutionBlocker:  # a stand-in for the class of ComfyUI's own module
    def __init__(self, message):
        self.message = message


class Grow(Base):
    """Becomes value + 1 + 1, made by two further nodes."""

    ANY = {"value": {"rawLink": True}}

    def run(self, value):
        nodes = {
            "grown.1": {"class_type": "Add", "inputs": {"a": value, "b": 1}},
            "grown.2": {"class_type": "Add", "inputs": {"a": ["grown.1", 0], "b": 1}},
            "grown.3": {"class_type": "Show", "inputs": {"value": ["grown.2", 0]}},
        }
        return {"expand": nodes, "result": (["grown.2", 0],)}


class Countdown(Base):
    """A loop: becomes itself with one less, until nothing is left."""

    ANY = {"value": {}, "total": {}}

    def run(self, value, total=0):
        if value == 0:
            return (total,)
        inputs = {"value": value - 1, "total": total + value}
        return {"expand": {f"loop.{value}": {"class_type": "Countdown", "inputs": inputs}},
                "result": ([f"loop.{value}", 0],)}  # fmt: skip


class Broken(Base):
    ANY = {"value": {}}
    GRAPHS = {
        1: {"x": {"class_type": "Nobody", "inputs": {}}},
        2: {"n": {"class_type": "Number", "inputs": {"value": 1}}},
        3: {"x": {"class_type": "Add", "inputs": {"a": ["nowhere", 0]}}},
        4: {"x": {"class_type": "Add", "inputs": {"a": ["b", 0]}}},
        5: {"x": {"class_type": "Add", "inputs": {"a": ["y", 0]}},
            "y": {"class_type": "Add", "inputs": {"a": ["x", 0]}}},
        6: ["x"],
    }  # fmt: skip

    def run(self, value):
        return {"expand": self.GRAPHS[value], "result": (["x", 0],)}


class AsyncTensor(Base):
    ANY = {"value": {}}

    async def run(self, value):
        await asyncio.sleep(0)
        return (torch.ones(2),)


class Lists(Base):
    RETURN_TYPES, OUTPUT_IS_LIST = ("INT", "INT"), (True, False)
    ANY = {"value": {}}

    def run(self, value):
        return ([value, value + 1], [value])


@pytest.fixture
def classes(classes):
    for cls in (Either, AsyncEither, Block, Grow, Countdown, Broken, AsyncTensor, Lists):
        classes[cls.__name__] = cls
    return classes


@pytest.fixture
def choice(flow):
    def choice(kind="Either", first=1):
        return flow(
            deep=("Number", {"value": 5}),
            yes=("Add", {"a": "@deep", "b": 1}),
            no=("Add", {"a": "@deep", "b": 2}),
            pick=(kind, {"first": first, "yes": "@yes", "no": "@no"}),
            out=("Show", {"value": "@pick"}),
        )

    return choice


@pytest.mark.parametrize(("first", "value", "skipped"), [(1, (6, None), "no"), (0, (None, 7), "yes")])
def test_a_lazy_input_that_is_not_asked_for_is_not_made(classes, choice, first, value, skipped):
    result = Executor(classes).run(choice(first=first))
    assert result.outputs["pick"] == (value,)
    assert skipped not in result.executed
    assert skipped not in result.cached


def test_lazy_inputs_may_be_asked_for_one_by_one(classes, choice):
    result = Executor(classes, MemoryCache(limit=0)).run(choice("AsyncEither"))
    assert result.outputs["out"] == ((6, 7),)
    assert result.executed.count("deep") == 1


def test_a_lazy_choice_is_remembered(classes, choice):
    executor = Executor(classes)
    executor.run(choice())
    assert executor.run(choice()).executed == []
    assert executor.run(choice(first=0)).executed == ["no", "pick", "out"]


def test_a_blocker_passes_over_what_follows_and_is_told_once(classes, flow):
    seen = []
    workflow = flow(
        many=("Range", {"count": 4}),
        dark=("Block", {"value": "@many"}),
        more=("Add", {"a": "@dark", "b": 10}),
        out=("Show", {"value": "@more"}),
        other=("Show", {"value": "@many"}),
    )
    result = Executor(classes).run(workflow, on_event=seen.append)
    assert result.ui["out"] == {"text": ["10", "11"]}
    assert result.ui["other"] == {"text": ["0", "1", "2", "3"]}
    assert [event for event in seen if isinstance(event, NodeBlocked)] == [
        NodeBlocked("more", "Add", "too dark")
    ]


def test_a_blocker_among_lists_passes_over_the_call(classes, flow, calls):
    workflow = flow(
        many=("Range", {"count": 4}),
        dark=("Block", {"value": "@many"}),
        sum=("Total", {"values": "@dark", "scale": 1}),
    )
    Executor(classes).run(workflow, targets=["sum"])
    assert "Total" not in calls


def test_a_node_may_become_a_graph(classes, flow):
    workflow = flow(n=("Number", {"value": 5}), g=("Grow", {"value": "@n"}), out=("Show", {"value": "@g"}))
    executor = Executor(classes)
    result = executor.run(workflow, targets=["g", "out"])
    assert result.outputs["out"] == (7,)
    assert result.executed == ["n", "grown.1", "grown.2", "grown.3", "g", "out"]
    assert result.ui["g"] == {"text": ["7"]}
    again = executor.run(workflow, targets=["g", "out"])
    assert (again.executed, again.ui["g"]) == ([], {"text": ["7"]})


def test_a_loop_of_a_thousand_rounds_needs_no_recursion(classes, flow):
    workflow = flow(c=("Countdown", {"value": 1500, "total": 0}), out=("Show", {"value": "@c"}))
    assert Executor(classes).run(workflow).outputs["out"] == (1500 * 1501 // 2,)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (1, r"node b \(Broken\) failed: its sub-graph: node x \(Nobody\) is of no known class"),
        (2, "uses the id n again"),
        (3, "input 'a' is linked to output 0 of node nowhere, which does not exist"),
        (4, r"node x \(Add\) feeds what it needs itself"),
        (5, "run in a circle"),
        (6, "its sub-graph is a list, expected an object"),
    ],
)
def test_a_sub_graph_that_cannot_run_is_named(classes, flow, graph, message):
    workflow = flow(n=("Number", {"value": graph}), b=("Broken", {"value": "@n"}))
    with pytest.raises(NodeError, match=message):
        Executor(classes).run(workflow, targets=["b"])


def test_async_functions_run_inside_a_running_loop(classes, flow):
    async def host():
        return Executor(classes).run(flow(a=("AsyncTensor", {"value": 1})), targets=["a"])

    assert asyncio.run(host()).outputs["a"][0].is_inference()


def test_only_outputs_that_say_so_are_lists(classes, flow):
    workflow = flow(a=("Range", {"count": 2}), b=("Lists", {"value": "@a"}))
    assert Executor(classes).run(workflow, targets=["b"]).outputs["b"] == ([0, 1, 1, 2], [[0], [1]])


def test_a_fingerprint_under_its_newer_name_counts(classes, flow, monkeypatch):
    monkeypatch.setattr(classes["Number"], "fingerprint_inputs", lambda value: float("nan"), raising=False)
    executor, workflow = Executor(classes), flow(a=("Number", {"value": 1}))
    executor.run(workflow, targets=["a"])
    assert executor.run(workflow, targets=["a"]).executed == ["a"]
