"""What runs after a change is exactly what is downstream of it, in any graph and with either cache."""

import json
import multiprocessing
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from if_graph.folders import Folders, using_folders
from if_graph.graph import DiskCache, Executor, MemoryCache, TieredCache
from if_graph.graph.editor_format import read_editor
from if_graph.graph.editor_write import to_editor
from if_graph.graph.schema import Schemas
from if_graph.graph.workflow import Link, Node, Workflow

FILES = ("a.txt", "b.txt")
QUIET = settings(deadline=None, database=None, derandomize=True)


@st.composite
def dags(draw):
    """A workflow of 2 to 12 nodes; each has a constant of its own, so that no two are twins."""
    nodes = {}
    for i in range(draw(st.integers(2, 12))):
        kind = ("Words", "Read")[i] if i < 2 else draw(st.sampled_from(["Words", "Read", "Add"]))
        feeds = [draw(st.integers(-1, i - 1)) for _ in "ab"]
        inputs = {n: Link(f"{f}", 0) if f >= 0 else 0 for n, f in zip("ab", feeds, strict=True)}
        own = {"Words": {"prompt": "words", "seed": 1 << i}, "Read": {"file": draw(st.sampled_from(FILES))}}
        nodes[f"{i}"] = Node(kind, inputs | own.get(kind, {}) | ({} if kind == "Words" else {"c": 1 << i}))
    shown = draw(st.lists(st.sampled_from(sorted(nodes)), min_size=1, max_size=3, unique=True))
    return Workflow(nodes | {f"show {n}": Node("Show", {"value": Link(n, 0)}) for n in shown})


def reach(workflow, start, forward):
    """Return the nodes that ``start`` feeds, or those that feed it, itself included."""
    links = [
        (v.source, n)
        for n, node in workflow.nodes.items()
        for v in node.inputs.values()
        if isinstance(v, Link)
    ]
    found, grown = set(start), True
    while grown:
        more = {b if forward else a for a, b in links if (a if forward else b) in found} - found
        found, grown = found | more, bool(more)
    return found


def needed(workflow):
    return reach(workflow, [n for n in workflow.nodes if n.startswith("show")], forward=False)


def of_kind(workflow, kind):
    return st.sampled_from([n for n, node in workflow.nodes.items() if node.class_type == kind])


def change_seed(workflow, draw, folder, schemas):
    node = draw(of_kind(workflow, "Words"))
    return workflow.with_input(node, "seed", -1), {node}


def change_prompt(workflow, draw, folder, schemas):
    node = draw(of_kind(workflow, "Words"))
    return workflow.with_input(node, "prompt", "other words"), {node}


def change_a_link(workflow, draw, folder, schemas):
    node = draw(of_kind(workflow, "Read"))
    return workflow.with_input(node, "a", -9), {node}


def change_titles_and_order(workflow, draw, folder, schemas):
    turned = {n: replace(node, title=f"t{n}") for n, node in reversed(workflow.nodes.items())}
    return Workflow(turned), set()


def change_positions(workflow, draw, folder, schemas):
    drawn = json.loads(json.dumps(to_editor(workflow, schemas)))
    for box in drawn["nodes"]:
        box["pos"] = [draw(st.integers(-999, 999)), 0]
    return read_editor(drawn, schemas), set()


def change_a_file(workflow, draw, folder, schemas):
    name = draw(st.sampled_from(FILES))
    (folder / name).write_text("longer than before")
    return workflow, {n for n, node in workflow.nodes.items() if node.inputs.get("file") == name}


def touch_a_file(workflow, draw, folder, schemas):
    (folder / FILES[0]).write_text(FILES[0])
    return workflow, set()


def add_a_branch(workflow, draw, folder, schemas):
    more = {
        "new": Node("Add", {"a": 1, "b": 2, "c": -7}),
        "show new": Node("Show", {"value": Link("new", 0)}),
    }
    return Workflow({**workflow.nodes, **more}), set(more)


CHANGES = (change_seed, change_prompt, change_a_link, change_titles_and_order, change_positions,
           change_a_file, touch_a_file, add_a_branch)  # fmt: skip


@pytest.fixture
def place(tmp_path_factory):
    """Give each graph a new folder with the input files in it."""

    @contextmanager
    def place():
        folder = tmp_path_factory.mktemp("graph")
        for name in FILES:
            (folder / name).write_text(name)
        with using_folders(Folders(folder, folder, folder)):
            yield folder

    return place


def run_with_disk(classes, workflow, folder):
    cache = DiskCache(folder / "cache")
    try:
        return set(Executor(classes, TieredCache(MemoryCache(), cache)).run(workflow).executed)
    finally:
        cache.close()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_runs_exactly_what_is_downstream(toy_module, place, change):
    classes = toy_module.NODE_CLASS_MAPPINGS

    @settings(QUIET, max_examples=30)
    @given(dags(), st.data())
    def check(workflow, data):
        with place() as folder:
            executor = Executor(classes)
            assert set(executor.run(workflow).executed) == needed(workflow)
            changed, touched = change(workflow, data.draw, folder, Schemas.of(classes))
            expected = reach(changed, touched, forward=True) & needed(changed)
            assert set(executor.run(changed).executed) == expected
            assert executor.run(changed).executed == []

    check()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_runs_exactly_what_is_downstream_after_a_restart(toy_module, place, change):
    classes = toy_module.NODE_CLASS_MAPPINGS

    @settings(QUIET, max_examples=10)
    @given(dags(), st.data())
    def check(workflow, data):
        with place() as folder:
            assert run_with_disk(classes, workflow, folder) == needed(workflow)
            changed, touched = change(workflow, data.draw, folder, Schemas.of(classes))
            expected = reach(changed, touched, forward=True) & needed(changed)
            assert run_with_disk(classes, changed, folder) == expected
            assert run_with_disk(classes, changed, folder) == set()

    check()


def test_a_second_process_runs_exactly_what_the_first_has_not(toy_module, place):
    classes, context = toy_module.NODE_CLASS_MAPPINGS, multiprocessing.get_context("fork")

    @settings(QUIET, max_examples=10)
    @given(dags(), st.data())
    def check(workflow, data):
        with place() as folder:
            first = context.Process(target=run_with_disk, args=(classes, workflow, folder))
            first.start()
            first.join()
            changed, touched = change_prompt(workflow, data.draw, folder, None)
            assert run_with_disk(classes, workflow, folder) == set()
            expected = reach(changed, touched, forward=True) & needed(changed)
            assert run_with_disk(classes, changed, folder) == expected

    check()
