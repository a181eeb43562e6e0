"""DeepFloyd IF as composable nodes, with a small graph executor."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load ``Graph`` on first use, by name: nodes import this package and may not reach the executor."""
    if name != "Graph":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("if_graph.code").Graph
