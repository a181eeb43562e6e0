"""Promises that every node, workflow and package keeps."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from if_graph.graph import load_node_classes, load_workflow
from if_graph.graph.dag import build_dag
from if_graph.graph.library import shipped_workflows

ROOT = Path(__file__).parents[1]
NODE_CLASSES = load_node_classes()
OWN = {name: cls for name, cls in NODE_CLASSES.items() if name.startswith("IF")}
STOCK_SOCKETS = {"IMAGE", "MASK", "INT", "FLOAT", "STRING", "BOOLEAN"}
each_node = pytest.mark.parametrize("cls", NODE_CLASSES.values(), ids=NODE_CLASSES)


def inputs_of(cls):
    return {name: spec for group in cls.INPUT_TYPES().values() for name, spec in group.items()}


def visible_inputs_of(cls):
    groups = cls.INPUT_TYPES()
    return {**groups.get("required", {}), **groups.get("optional", {})}


@each_node
def test_declared_inputs_match_the_signature(cls):
    assert set(inputs_of(cls)) == set(inspect.signature(getattr(cls(), cls.FUNCTION)).parameters)


@each_node
def test_optional_inputs_have_defaults_in_the_signature(cls):
    parameters = inspect.signature(getattr(cls(), cls.FUNCTION)).parameters
    optional = cls.INPUT_TYPES().get("optional", {})
    assert all(parameters[name].default is not inspect.Parameter.empty for name in optional)


@each_node
def test_everything_a_user_sees_is_explained(cls):
    assert cls.DESCRIPTION
    assert all(spec[1].get("tooltip") for spec in visible_inputs_of(cls).values())
    assert len(getattr(cls, "OUTPUT_TOOLTIPS", ())) == len(cls.RETURN_TYPES)


@each_node
def test_numbers_have_bounds_and_a_default(cls):
    numbers = [spec[1] for spec in visible_inputs_of(cls).values() if spec[0] in ("INT", "FLOAT")]
    assert all({"default", "min", "max"} <= set(options) for options in numbers)


@pytest.mark.parametrize("cls", OWN.values(), ids=OWN)
def test_own_nodes_use_stock_sockets_or_their_own_prefix(cls):
    kinds = [spec[0] for spec in inputs_of(cls).values() if isinstance(spec[0], str)]
    assert all(kind in STOCK_SOCKETS or kind.startswith("IF_") for kind in [*kinds, *cls.RETURN_TYPES])
    assert cls.CATEGORY.startswith("DeepFloyd IF/")


@pytest.mark.usefixtures("brought")
@pytest.mark.parametrize("name", [shipped.name for shipped in shipped_workflows()])
def test_shipped_workflows_are_valid(name):
    graph = build_dag(load_workflow(name), NODE_CLASSES)
    assert len(graph) > 0


@pytest.mark.parametrize("name", [shipped.name for shipped in shipped_workflows()])
def test_what_a_shipped_workflow_saves_was_checked_and_marked(name):
    nodes = load_workflow(name).nodes
    pictures = [node.inputs["images"] for node in nodes.values() if node.class_type == "SaveImage"]
    for mark in (nodes[link.source] for link in pictures):
        checker = nodes[mark.inputs["image"].source]
        assert (mark.class_type, checker.class_type) == ("IFWatermark", "IFSafetyChecker")


def test_a_shipped_workflow_shows_every_node():
    workflows = [load_workflow(shipped.name) for shipped in shipped_workflows()]
    shown = {node.class_type for workflow in workflows for node in workflow.nodes.values()}
    assert OWN.keys() - shown == {"IFCompileNetwork"}  # compiles for minutes, and pays on a GPU


def test_the_package_list_names_every_folder_with_code():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 brings it")
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "if_graph").rglob("__init__.py")}
    folders |= {path.parent.relative_to(ROOT) for path in (ROOT / "nodes").rglob("__init__.py")}
    dotted = {".".join(folder.parts).replace("nodes", "if_graph_nodes", 1) if folder.parts[0] == "nodes"
              else ".".join(folder.parts) for folder in folders}  # fmt: skip
    assert listed == dotted | {"if_graph_workflows", "if_graph_locales"}  # of data


def test_importing_the_package_prints_nothing_and_is_quick_to_give_help():
    code = "import sys, if_graph.cli; assert 'torch' not in sys.modules, 'help would wait for torch'"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
