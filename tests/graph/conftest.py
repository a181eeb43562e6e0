"""Toy node classes for every test of the engine."""

import importlib.util
import sys
from pathlib import Path

import pytest

from if_graph.graph.registry import NodeClasses
from if_graph.graph.workflow import Link, Node, Workflow


@pytest.fixture(scope="session")
def toy_module():
    spec = importlib.util.spec_from_file_location("if_graph_toys", Path(__file__).with_name("toy_nodes.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def classes(toy_module):
    toy_module.CALLS.clear()
    return NodeClasses(toy_module.NODE_CLASS_MAPPINGS, toy_module.NODE_DISPLAY_NAME_MAPPINGS)


@pytest.fixture
def calls(toy_module):
    """Names of the classes called so far."""
    toy_module.CALLS.clear()
    return toy_module.CALLS


@pytest.fixture
def flow():
    """Build a workflow in one line: ``flow(a=("Number", {"value": 1}), ...)``; "@a" or "@a:1" is a link."""

    def link(value):
        if isinstance(value, str) and value.startswith("@"):
            source, _, slot = value[1:].partition(":")
            return Link(source, int(slot or 0))
        return value

    def build(**nodes):
        return Workflow(
            {
                name: Node(kind, {key: link(v) for key, v in inputs.items()})
                for name, (kind, inputs) in nodes.items()
            }
        )

    return build
