"""Validated graph, keys and cache -> what to execute, in which order, and what is there already."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import networkx as nx

from if_graph.graph.cache import NodeResult, ResultCache


@dataclass(frozen=True)
class Plan:
    """What a run will do, as far as it is known before nodes with lazy inputs have been asked.

    Args:
        order: every node that is surely needed, each after all that feed it.
        execute: those of them to call.
        fetched: results from the cache that those nodes, or the caller, need.
        twin: for each node the one whose result it takes: itself, or an earlier node with the same key.
        uses: for each result the number of nodes that may still want it.
    """

    order: tuple[str, ...]
    execute: frozenset[str]
    fetched: Mapping[str, NodeResult]
    twin: Mapping[str, str]
    uses: Counter[str]


def make_plan(graph: nx.DiGraph, keys: Mapping[str, str | None], cache: ResultCache) -> Plan:
    """Decide what to execute: walk back from the roots and stop at results that the cache holds."""
    order = execution_order(graph)
    twin = _twins([*order, *graph.nodes], keys)
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
        waiting.extend(twin[parent] for parent in surely_needed(graph, node_id))
    uses = _uses(graph, execute, twin, fetched)
    return Plan(tuple(order), frozenset(execute), fetched, twin, uses)


def surely_needed(graph: nx.DiGraph, node_id: str) -> list[str]:
    """Return the nodes that must be there before a node can even be asked what else it needs."""
    attrs = graph.nodes[node_id]
    lazy, sources = attrs["schema"].lazy, attrs["sources"]
    known = (src for name, src in sources.items() if name not in lazy) if lazy else sources.values()
    return list(dict.fromkeys(known))


def execution_order(graph: nx.DiGraph) -> list[str]:
    """Order nodes so that one branch is finished before the next begins, and outputs run early."""
    order = list(_depth_first(graph))
    rank: dict[str, tuple[int, int]] = {}
    for place, node_id in enumerate(order):
        rank[node_id] = (place, 0)
        if graph.nodes[node_id]["is_root"]:
            last, depth = max((rank[parent] for parent in surely_needed(graph, node_id)), default=(place, -1))
            rank[node_id] = (last, depth + 1)
    return sorted(order, key=lambda node_id: rank[node_id])  # stable, so ties stay depth first


def _depth_first(graph: nx.DiGraph) -> Iterator[str]:
    opened: set[str] = set()
    waiting = [(root, False) for root in reversed(graph.graph["roots"])]
    while waiting:
        node_id, parents_done = waiting.pop()
        if parents_done:
            yield node_id
        elif node_id not in opened:
            opened.add(node_id)
            waiting.append((node_id, True))
            waiting.extend((parent, False) for parent in reversed(surely_needed(graph, node_id)))


def _twins(order: Iterable[str], keys: Mapping[str, str | None]) -> dict[str, str]:
    first: dict[str, str] = {}
    return {node_id: first.setdefault(keys[node_id] or f"only {node_id}", node_id) for node_id in order}


def _uses(
    graph: nx.DiGraph, execute: set[str], twin: Mapping[str, str], fetched: Mapping[str, NodeResult]
) -> Counter[str]:
    """Count who may want each result: nodes to execute, and all that they may turn out to need."""
    uses: Counter[str] = Counter()
    waiting, seen = list(execute), set(execute)
    while waiting:
        wanted = {twin[source] for source in graph.nodes[waiting.pop()]["sources"].values()}
        uses.update(wanted)
        more = wanted - seen - fetched.keys()
        seen |= more
        waiting.extend(more)
    return uses
