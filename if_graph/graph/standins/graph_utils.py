"""``comfy_execution.graph_utils``: what a node builds the sub-graph with that it returns."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from if_graph.graph.blockers import ExecutionBlocker

__all__ = ["ExecutionBlocker", "GraphBuilder", "Node", "add_graph_prefix", "is_link"]

_serial = itertools.count()


def is_link(value: Any) -> bool:
    """Tell whether an input's value is a link, ``[node id, output]``."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], (int, float))
    )


class Node:
    """One node of a sub-graph."""

    def __init__(self, node_id: str, class_type: str, inputs: dict[str, Any]) -> None:
        self.id = node_id
        self.class_type = class_type
        self.inputs = inputs
        self.override_display_id: str | None = None

    def out(self, index: int) -> list[Any]:
        """Return the link to an output."""
        return [self.id, index]

    def set_input(self, key: str, value: Any) -> None:
        """Set an input, or take it away with None."""
        self.inputs[key] = value
        if value is None:
            del self.inputs[key]

    def get_input(self, key: str) -> Any:
        """Return an input's value, or None."""
        return self.inputs.get(key)

    def set_override_display_id(self, override_display_id: str) -> None:
        """Name the node under which an editor shows this one."""
        self.override_display_id = override_display_id

    def serialize(self) -> dict[str, Any]:
        """Return the node in API format."""
        shown = self.override_display_id
        entry = {"class_type": self.class_type, "inputs": self.inputs}
        return entry if shown is None else entry | {"override_display_id": shown}


class GraphBuilder:
    """Collect the nodes of a sub-graph, under ids that no other sub-graph of the process uses.

    Args:
        prefix: what its ids begin with, in place of a new one.
    """

    def __init__(self, prefix: str | None = None) -> None:
        self.prefix = self.alloc_prefix() if prefix is None else prefix
        self.nodes: dict[str, Node] = {}

    @staticmethod
    def alloc_prefix(
        root: str | None = None, call_index: int | None = None, graph_index: int | None = None
    ) -> str:
        """Return a prefix; the parts that are not given make it new."""
        number = next(_serial) if graph_index is None else graph_index
        return f"{root or 'sub'}.{call_index or 0}.{number}."

    def node(self, class_type: str, id: str | None = None, **kwargs: Any) -> Node:
        """Add a node and return it, or return the one that has this id."""
        own = self.prefix + (str(len(self.nodes) + 1) if id is None else id)
        return self.nodes.setdefault(own, Node(own, class_type, kwargs))

    def lookup_node(self, id: str) -> Node | None:
        """Return the node of an id, or None."""
        return self.nodes.get(self.prefix + id)

    def remove_node(self, id: str) -> None:
        """Take a node out."""
        del self.nodes[self.prefix + id]

    def replace_node_output(self, node_id: str, index: int, new_value: Any) -> None:
        """Put ``new_value`` wherever an output is used; None takes those inputs away."""
        link = [self.prefix + node_id, index]
        for node in self.nodes.values():
            for key in [key for key, value in node.inputs.items() if is_link(value) and value == link]:
                node.set_input(key, new_value)

    def finalize(self) -> dict[str, dict[str, Any]]:
        """Return the sub-graph in API format, as ``expand`` of a node's result takes it."""
        return {node_id: node.serialize() for node_id, node in self.nodes.items()}


def add_graph_prefix(
    graph: Mapping[str, Mapping[str, Any]], outputs: Sequence[Any], prefix: str
) -> tuple[dict[str, dict[str, Any]], tuple[Any, ...]]:
    """Put ``prefix`` before every id of a graph in API format, and in the links of its outputs."""

    def moved(value: Any) -> Any:
        return [prefix + value[0], value[1]] if is_link(value) else value

    nodes = {
        prefix + node_id: {
            "class_type": node["class_type"],
            "inputs": {key: moved(value) for key, value in node.get("inputs", {}).items()},
        }
        for node_id, node in graph.items()
    }
    return nodes, tuple(moved(value) for value in outputs)
