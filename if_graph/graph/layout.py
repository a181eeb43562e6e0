"""Boxes and links of a drawing -> where each box goes: columns by depth, rows by what feeds them."""

from collections.abc import Iterator
from typing import Any

import networkx as nx

WIDTH, GAP_X, GAP_Y = 320, 80, 50
_TITLE, _ROW, _TEXT = 40, 24, 90


def place(boxes: list[dict[str, Any]], links: list[list[Any]]) -> None:
    """Fill in ``pos`` and ``size`` of every box.

    Args:
        boxes: editor nodes; each ends up right of all that feed it.
        links: editor links, ``[id, from, from slot, to, to slot, type]``.
    """
    known = {box["id"]: box for box in boxes}
    graph = nx.DiGraph()
    graph.add_nodes_from(known)
    graph.add_edges_from((link[1], link[3]) for link in links if link[1] in known)
    depth = depths(graph)
    bottom: dict[int, int] = {}
    middle: dict[Any, float] = {}
    for node_id in _by_column(graph, depth, middle):
        box, column = known[node_id], depth[node_id]
        box["size"] = [WIDTH, _height(box)]
        box["pos"] = [column * (WIDTH + GAP_X), bottom.get(column, 0)]
        bottom[column] = box["pos"][1] + box["size"][1] + GAP_Y
        middle[node_id] = box["pos"][1] + box["size"][1] / 2


def depths(graph: nx.DiGraph) -> dict[Any, int]:
    """Return the length of the longest way to each node; nodes in a circle share their entry's depth."""
    circles = nx.condensation(graph)
    depth: dict[int, int] = {}
    for part in nx.topological_sort(circles):
        depth[part] = max((depth[before] + 1 for before in circles.predecessors(part)), default=0)
    return {node_id: depth[part] for node_id, part in circles.graph["mapping"].items()}


def _by_column(graph: nx.DiGraph, depth: dict[Any, int], middle: dict[Any, float]) -> Iterator[Any]:
    """Yield nodes column by column; within one by what feeds them, which has been placed by then."""
    columns: dict[int, list[Any]] = {}
    for node_id in graph:
        columns.setdefault(depth[node_id], []).append(node_id)
    for _, members in sorted(columns.items()):
        yield from sorted(members, key=lambda node_id: _pull(graph, node_id, middle))


def _pull(graph: nx.DiGraph, node_id: Any, middle: dict[Any, float]) -> float:
    """Return the mean height of what feeds a node, as far as it is placed."""
    heights = [middle[before] for before in graph.predecessors(node_id) if before in middle]
    return sum(heights) / len(heights) if heights else 0.0


def _height(box: dict[str, Any]) -> int:
    sockets = sum("widget" not in socket for socket in box["inputs"])
    values = box["widgets_values"]
    text = sum(isinstance(value, str) and (len(value) > 40 or "\n" in value) for value in values)
    return _TITLE + _ROW * (max(sockets, len(box["outputs"])) + len(values)) + _TEXT * text
