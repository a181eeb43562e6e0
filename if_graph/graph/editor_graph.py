"""Editor JSON, 0.4 or 1.0 -> flat records of nodes and links, with every subgraph unfolded."""

from dataclasses import dataclass, field
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.editor_fields import Face, shown_values
from if_graph.graph.editor_records import EditorLink, EditorNode, link_in, list_in, nodes_in
from if_graph.graph.wording import brief
from if_graph.graph.workflow import expect_object

MUTED, BYPASSED = 2, 4
INLET, OUTLET = "-10", "-20"  # node ids that stand for a subgraph's own inputs and outputs
MOST_NODES = 100_000  # definitions nested in each other can multiply without end
DEEPEST = 100  # subgraphs inside each other; ids grow with every one


@dataclass
class EditorGraph:
    """All nodes and links of a file, subgraphs unfolded; members carry ids like ``5:2``.

    ``inlets`` lists, for a subgraph's prefix and the number of its input, the members fed and the links that
    do; ``outlets`` the link that feeds an output. ``shown`` has values that a subgraph shows for its members,
    ``faces`` how its inputs show on its box.
    """

    nodes: dict[str, EditorNode] = field(default_factory=dict)
    links: dict[str, EditorLink] = field(default_factory=dict)
    inlets: dict[tuple[str, int], list[tuple[str, str]]] = field(default_factory=dict)
    outlets: dict[tuple[str, int], str] = field(default_factory=dict)
    shown: dict[tuple[str, str], Any] = field(default_factory=dict)
    faces: dict[str, dict[int, Face]] = field(default_factory=dict)
    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)


def parse_editor(data: dict[str, Any]) -> EditorGraph:
    """Read the drawing: every node, every link, every member of every subgraph.

    Raises:
        WorkflowError: if the file is not shaped like a workflow, or a subgraph contains itself.
    """
    graph = EditorGraph(definitions=_definitions(data))
    waiting: list[tuple[dict[str, Any], str, tuple[str, ...]]] = [(data, "", ())]
    while waiting:
        level, scope, around = waiting.pop()
        _add_links(graph, level, scope)
        for node in nodes_in(level, scope):
            _add_node(graph, node)
            if node.type in graph.definitions and node.mode not in (MUTED, BYPASSED):
                if node.type in around:
                    raise WorkflowError(
                        f"node {brief(node.id)}: its subgraph contains itself; remove one of them"
                    )
                if len(around) == DEEPEST:
                    raise WorkflowError(
                        f"node {brief(node.id)}: subgraphs are nested more than {DEEPEST} deep; unpack some"
                    )
                waiting.append((graph.definitions[node.type], f"{node.id}:", (*around, node.type)))
    graph.shown = shown_values(graph)
    return graph


def _definitions(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    waiting = [data]
    while waiting:
        holder = waiting.pop().get("definitions") or {}
        for definition in list_in(expect_object(holder, "'definitions'"), "subgraphs"):
            found[str(expect_object(definition, "a subgraph definition").get("id"))] = definition
            waiting.append(definition)
    return found


def _add_node(graph: EditorGraph, node: EditorNode) -> None:
    if node.id in graph.nodes:
        raise WorkflowError(f"two nodes have the id {brief(node.id)}; save the workflow again in its editor")
    if len(graph.nodes) == MOST_NODES:
        raise WorkflowError(f"the workflow has more than {MOST_NODES} nodes, subgraphs unfolded; split it")
    graph.nodes[node.id] = node


def _add_links(graph: EditorGraph, level: dict[str, Any], scope: str) -> None:
    for data in list_in(level, "links"):
        key, link, target, slot = link_in(data, scope)
        graph.links[key] = link
        if scope and target == OUTLET:
            graph.outlets[scope, slot] = key
        if scope and link.source == f"{scope}{INLET}":
            graph.inlets.setdefault((scope, link.slot), []).append((f"{scope}{target}", key))


def in_file_order(graph: EditorGraph) -> list[EditorNode]:
    """Return all nodes in the order of the file, with a subgraph's members before its own box."""
    ways: dict[str, tuple[float, ...]] = {"": ()}
    for node in graph.nodes.values():  # a subgraph's box stands before its members
        ways[node.id] = (*ways[node.scope[:-1]], node.place)
    return sorted(graph.nodes.values(), key=lambda node: (*ways[node.id], float("inf")))
