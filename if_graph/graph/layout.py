"""Boxes and links of a drawing -> where each box goes: columns by depth, rows by what feeds them."""

from collections.abc import Iterator
from typing import Any

import networkx as nx

GAP_X, GAP_Y = 80, 30
TITLE = 30
"""Pixels of a box's title, which stands above its ``pos``."""


def place(boxes: list[dict[str, Any]], links: list[list[Any]]) -> None:
    """Fill in ``pos`` of every box, so that no two boxes touch.

    Args:
        boxes: editor nodes with their ``size``; each ends up right of all that feed it, and as near as that
            allows to what it feeds.
        links: editor links, ``[id, from, from slot, to, to slot, type]``.
    """
    known = {box["id"]: box for box in boxes}
    graph = nx.DiGraph()
    graph.add_nodes_from(known)
    graph.add_edges_from((link[1], link[3]) for link in links if link[1] in known)
    middle: dict[Any, float] = {}
    left = 0
    for column in _columns(graph):
        top = 0
        for node_id in sorted(column, key=lambda node_id: _pull(graph, node_id, middle)):
            box = known[node_id]
            box["pos"] = [left, top]
            middle[node_id] = top + box["size"][1] / 2
            top += box["size"][1] + TITLE + GAP_Y
        left += max(known[node_id]["size"][0] for node_id in column) + GAP_X


def _columns(graph: nx.DiGraph) -> Iterator[list[Any]]:
    """Yield nodes column by column, from the left, each in the order of the file."""
    columns: dict[int, list[Any]] = {}
    depth = depths(graph)
    for node_id in graph:
        columns.setdefault(depth[node_id], []).append(node_id)
    for _, members in sorted(columns.items()):
        yield members


def depths(graph: nx.DiGraph) -> dict[Any, int]:
    """Return the column of each node: one left of the first that it feeds, else right of all that feed it.

    Nodes in a circle share a column.
    """
    circles = nx.condensation(graph)
    order = list(nx.topological_sort(circles))
    depth: dict[int, int] = {}
    for part in order:
        depth[part] = max((depth[before] + 1 for before in circles.predecessors(part)), default=0)
    for part in reversed(order):
        depth[part] = min((depth[after] - 1 for after in circles.successors(part)), default=depth[part])
    return {node_id: depth[part] for node_id, part in circles.graph["mapping"].items()}


def _pull(graph: nx.DiGraph, node_id: Any, middle: dict[Any, float]) -> float:
    """Return the mean height of what feeds a node; what nothing feeds goes below the rest."""
    heights = [middle[before] for before in graph.predecessors(node_id) if before in middle]
    return sum(heights) / len(heights) if heights else float("inf")
