"""Workflow and node classes -> a validated networkx.DiGraph of what its outputs need."""

from collections.abc import Iterable, Mapping
from typing import NoReturn

import networkx as nx

from if_graph.errors import WorkflowError
from if_graph.graph.inputs import NodeChecker
from if_graph.graph.schema import NodeSchema, Schemas
from if_graph.graph.wording import brief, listed, nearest
from if_graph.graph.workflow import Workflow, sources_of, where

_LONGEST_CYCLE = 8
_INSTALL = "install what is missing, or load it with --nodes PATH"


def build_dag(
    workflow: Workflow,
    classes: Mapping[str, type],
    targets: Iterable[str] | None = None,
    schemas: Mapping[str, NodeSchema] | None = None,
) -> nx.DiGraph:
    """Check a workflow and return the graph of all nodes that its outputs need.

    Nodes carry ``node``, ``schema``, ``inputs`` (checked and coerced), ``sources`` (what feeds them, by
    input) and ``is_root``; edges point from a node to those it feeds. ``graph.graph["roots"]`` lists the
    nodes asked for, in the order of the file, ``graph.graph["order"]`` all nodes, sources first.

    Args:
        workflow: the workflow.
        classes: node classes by name.
        targets: ids or titles of the nodes wanted; every output node if left out.
        schemas: descriptions of the classes, if they have been read already.

    Raises:
        WorkflowError: if it cannot run; the message names node, class and input.
    """
    schemas = schemas if schemas is not None else Schemas.of(classes)
    require_known_classes(workflow, schemas)
    checker = NodeChecker(workflow, schemas, classes)
    roots = _roots(workflow, schemas, targets)
    graph = _ancestors(roots, checker)
    graph.graph["order"] = _in_order(graph, workflow)
    for node_id in workflow.nodes:
        if node_id in graph:
            _fill(graph, node_id, checker, node_id in roots)
    return graph


def require_known_classes(workflow: Workflow, schemas: Mapping[str, NodeSchema]) -> None:
    """Check that every class of a workflow is there.

    Raises:
        WorkflowError: if not; the message names all that are missing, with their packs if the file says.
    """
    missing = {name for name in {node.class_type for node in workflow.nodes.values()} if name not in schemas}
    unknown = {node.class_type: (i, node) for i, node in workflow.nodes.items() if node.class_type in missing}
    if len(unknown) == 1:
        ((node_id, node),) = unknown.values()
        pack = f", which the file says comes from the pack '{brief(node.pack)}'" if node.pack else ""
        cure = _INSTALL if node.pack else nearest(node.class_type, schemas)
        raise WorkflowError(
            f"{where(node_id, node)}: there is no node class '{brief(node.class_type)}'{pack}; {cure}"
        )
    if unknown:
        packs: dict[str | None, list[str]] = {}
        for name, (_, node) in unknown.items():
            packs.setdefault(node.pack, []).append(name)
        parts = [
            listed(names) + (f" from the pack '{brief(pack)}'" if pack else "")
            for pack, names in packs.items()
        ]
        raise WorkflowError(f"there are no node classes {'; '.join(parts)}; {_INSTALL}")


def _roots(
    workflow: Workflow, schemas: Mapping[str, NodeSchema], targets: Iterable[str] | None
) -> dict[str, None]:
    if targets is not None:
        return {workflow.find(target): None for target in targets}
    roots = {node_id: None for node_id, node in workflow.nodes.items() if schemas[node.class_type].is_output}
    if not roots:
        examples = [name for name in ("SaveImage", "PreviewImage") if name in schemas]
        cure = f"add one, for example {listed(examples)}" if examples else "add an output node"
        raise WorkflowError(f"the workflow has no output node among its {len(workflow.nodes)} nodes; {cure}")
    return roots


def _ancestors(roots: Iterable[str], checker: NodeChecker) -> nx.DiGraph:
    graph = nx.DiGraph(roots=tuple(roots))
    graph.add_nodes_from(roots)
    waiting, seen = list(roots), set(roots)
    while waiting:
        node_id = waiting.pop()
        for _, link in checker.links(node_id):
            graph.add_edge(link.source, node_id)
            if link.source not in seen:
                seen.add(link.source)
                waiting.append(link.source)
    return graph


def _in_order(graph: nx.DiGraph, workflow: Workflow) -> tuple[str, ...]:
    try:
        return tuple(nx.topological_sort(graph))
    except nx.NetworkXUnfeasible:
        _refuse_circle(graph, workflow)


def _refuse_circle(graph: nx.DiGraph, workflow: Workflow) -> NoReturn:
    members = [edge[0] for edge in nx.find_cycle(graph)]
    names = [where(node_id, workflow.nodes[node_id]) for node_id in members[:_LONGEST_CYCLE]]
    more = f" -> {len(members) - len(names)} more" if len(members) > len(names) else ""
    raise WorkflowError(
        f"the links run in a circle: {' -> '.join(names)}{more} -> {names[0]}; remove one of them"
    )


def _fill(graph: nx.DiGraph, node_id: str, checker: NodeChecker, is_root: bool) -> None:
    node, inputs = checker.workflow.nodes[node_id], checker.checked(node_id)
    graph.nodes[node_id].update(
        node=node,
        schema=checker.schemas[node.class_type],
        inputs=inputs,
        is_root=is_root,
        sources=sources_of(inputs),
    )
