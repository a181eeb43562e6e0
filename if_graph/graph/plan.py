"""Validated graph, keys and cache -> what to execute, in which order, and what is there already."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import networkx as nx

from if_graph.graph.cache import NodeResult, ResultCache
from if_graph.graph.workflow import Link


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    Args:
        order: every node of the graph, each after all that feed it.
        execute: the nodes to call.
        fetched: results from the cache that those nodes, or the caller, need.
        twin: for each node the one whose result it takes: itself, or an earlier node with the same key.
    """

    order: tuple[str, ...]
    execute: frozenset[str]
    fetched: Mapping[str, NodeResult]
    twin: Mapping[str, str]

    def uses(self, graph: nx.DiGraph) -> Counter[str]:
        """Count how many nodes to execute still wait for each result."""
        return Counter(
            source
            for node_id in self.execute
            for source in {self.twin[parent] for parent in graph.predecessors(node_id)}
        )


def make_plan(graph: nx.DiGraph, keys: Mapping[str, str | None], cache: ResultCache) -> Plan:
    """Decide what to execute: walk back from the roots and stop at results that the cache holds."""
    order = execution_order(graph)
    twin = _twins(order, keys)
    fetched: dict[str, NodeResult] = {}
    execute: set[str] = set()
    waiting = [twin[root] for root in graph.graph["roots"]]
    while waiting:
        node_id = waiting.pop()
        if node_id in execute or node_id in fetched:
            continue
        key = keys[node_id]
        found = cache.get(key) if key is not None else None
        if found is not None:
            fetched[node_id] = found
            continue
        execute.add(node_id)
        waiting.extend(twin[parent] for parent in graph.predecessors(node_id))
    return Plan(tuple(order), frozenset(execute), fetched, twin)


def execution_order(graph: nx.DiGraph) -> list[str]:
    """Order nodes so that one branch is finished before the next begins, and outputs run early."""
    order = _depth_first(graph)
    rank: dict[str, tuple[int, int]] = {}
    for place, node_id in enumerate(order):
        rank[node_id] = (place, 0)
        if graph.nodes[node_id]["is_root"]:
            last, depth = max((rank[parent] for parent in graph.predecessors(node_id)), default=(place, -1))
            rank[node_id] = (last, depth + 1)
    return sorted(order, key=lambda node_id: rank[node_id])  # stable, so ties stay depth first


def _depth_first(graph: nx.DiGraph) -> list[str]:
    order: list[str] = []
    opened: set[str] = set()
    waiting = [(root, False) for root in reversed(graph.graph["roots"])]
    while waiting:
        node_id, parents_done = waiting.pop()
        if parents_done:
            order.append(node_id)
        elif node_id not in opened:
            opened.add(node_id)
            waiting.append((node_id, True))
            waiting.extend((parent, False) for parent in reversed(_parents(graph, node_id)))
    return order


def _parents(graph: nx.DiGraph, node_id: str) -> list[str]:
    inputs = graph.nodes[node_id]["inputs"].values()
    return list(dict.fromkeys(value.source for value in inputs if isinstance(value, Link)))


def _twins(order: list[str], keys: Mapping[str, str | None]) -> dict[str, str]:
    first: dict[str, str] = {}
    return {node_id: first.setdefault(keys[node_id] or f"only {node_id}", node_id) for node_id in order}
