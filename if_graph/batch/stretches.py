"""One job's validated graph -> the stretches it is done in, and the results each makes and takes."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import networkx as nx

from if_graph.graph.canonical import canonical
from if_graph.graph.plan import execution_order
from if_graph.graph.workflow import Workflow

Keys = Mapping[str, str | None]


@dataclass(frozen=True)
class Stretch:
    """A part of a job that is done in one go: one node, what it needs besides, and what shows its result.

    Args:
        targets: ids of the nodes to ask for.
        makes: content keys of the nodes that are done here, by id.
        uses: keys of all results that are made or taken here.
        loads: keys of results that need no others, such as models, in the order they are taken.
    """

    targets: tuple[str, ...]
    makes: Mapping[str, str | None]
    uses: frozenset[str]
    loads: tuple[str, ...]


def stretches_of(graph: nx.DiGraph, keys: Keys) -> tuple[Stretch, ...]:
    """Cut a job into stretches, so that many jobs can be carried through each of them together.

    Args:
        graph: what :func:`if_graph.graph.dag.build_dag` returns.
        keys: content key of each node. Nodes whose results are never kept all belong to the last stretch.
    """
    order = execution_order(graph)
    sure, seen = set(order), set[str]()
    found = []
    for targets in _targets(order, graph, keys):
        here = _ancestors(graph, targets, seen)
        taken = list(
            dict.fromkeys(source for node in here for source in graph.nodes[node]["sources"].values())
        )
        uses = {keys[node] for node in (*here, *taken)}
        found.append(
            Stretch(
                tuple(targets),
                {node: keys[node] for node in here if node in sure},
                frozenset(key for key in uses if key is not None),
                tuple(keys[node] or "" for node in taken if not graph.nodes[node]["sources"]),
            )
        )
    return tuple(found)


def fingerprint(workflow: Workflow, graph: nx.DiGraph, keys: Keys) -> str:
    """Return a digest of what a job's pictures depend on: nodes, values, models and files, but no folder."""
    nodes, roots = workflow.to_api(), graph.graph["roots"]
    with_folder = {*roots, *(below for root in roots for below in nx.descendants(graph, root))}
    parts = [
        (
            node,
            nodes[node]["class_type"],
            json.dumps(nodes[node]["inputs"], sort_keys=True),
            None if node in with_folder else keys[node],
        )
        for node in sorted(graph)
    ]
    return hashlib.sha256(canonical(parts)).hexdigest()


def _targets(order: Iterable[str], graph: nx.DiGraph, keys: Keys) -> list[list[str]]:
    """Group nodes: one that takes results, and the outputs that become possible with it."""
    groups: list[list[str]] = []
    never_kept = []
    for node_id in order:
        is_root = graph.nodes[node_id]["is_root"]
        if keys[node_id] is None:
            never_kept += [node_id] if is_root else []
        elif is_root and groups:
            groups[-1].append(node_id)
        elif is_root or graph.nodes[node_id]["sources"]:
            groups.append([node_id])
    return [*groups, never_kept] if never_kept else groups


def _ancestors(graph: nx.DiGraph, targets: Iterable[str], seen: set[str]) -> list[str]:
    """Return the targets and what feeds them, as far as it is new, nearest first; ``seen`` grows."""
    waiting, found = list(targets), []
    while waiting:
        node_id = waiting.pop()
        if node_id not in seen:
            seen.add(node_id)
            found.append(node_id)
            waiting.extend(graph.nodes[node_id]["sources"].values())
    return found
