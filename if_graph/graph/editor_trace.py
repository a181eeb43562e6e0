"""Follow a drawn link back to what really feeds it: a node's output, a constant, or nothing."""

from dataclasses import dataclass
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.editor_graph import BYPASSED, INLET, MUTED, EditorGraph
from if_graph.graph.editor_records import EditorInput, EditorLink, EditorNode
from if_graph.graph.schema import types_match
from if_graph.graph.wording import brief
from if_graph.graph.workflow import Link


@dataclass(frozen=True)
class Constant:
    """A value that a primitive node or a subgraph's own field supplies."""

    value: Any


@dataclass(frozen=True)
class _Step:
    """Either the next link to follow, or the end of the way."""

    link: str | None = None
    end: Link | Constant | None = None


def trace(graph: EditorGraph, socket: EditorInput) -> Link | Constant | None:
    """Return what feeds ``socket``, past reroutes, primitives, bypassed nodes and subgraph borders.

    Raises:
        WorkflowError: if the way runs in a circle.
    """
    key, seen = socket.link, set[str]()
    while key is not None:
        if key in seen:
            raise WorkflowError(
                f"link {brief(key)} runs in a circle through reroutes or bypassed nodes; remove it"
            )
        seen.add(key)
        if key not in graph.links:
            return None
        step = _step(graph, graph.links[key], socket.type)
        if step.link is None:
            return step.end
        key = step.link
    return None


def _step(graph: EditorGraph, link: EditorLink, wanted: str) -> _Step:
    if link.scope and link.source == f"{link.scope}{INLET}":
        return _through_inlet(graph, graph.nodes[link.scope[:-1]], link.slot)
    node = graph.nodes.get(link.source)
    if node is None:  # a link from nowhere is kept, so that validation can name it
        return _Step(end=Link(link.source, link.slot))
    if node.mode == MUTED:
        return _Step()
    if node.mode == BYPASSED:
        return _Step(link=_bypass(node, link.slot, wanted))
    if node.type in graph.definitions:
        return _Step(link=graph.outlets.get((f"{node.id}:", link.slot)))
    if node.type == "Reroute":
        return _Step(link=node.inputs[0].link if node.inputs else None)
    if node.type == "PrimitiveNode":
        return _Step(end=_primitive(node))
    return _Step(end=Link(node.id, link.slot))


def _primitive(node: EditorNode) -> Constant | None:
    values = list(node.values.values()) if isinstance(node.values, dict) else node.values
    return Constant(values[0]) if isinstance(values, list) and values else None


def _bypass(node: EditorNode, slot: int, wanted: str) -> str | None:
    """Pick the input whose value a bypassed node hands on, as the editor does."""
    inputs = node.inputs
    if not inputs:
        return None
    if wanted in ("*", ""):
        return inputs[slot if 0 <= slot < len(inputs) else 0].link
    offered = node.output_types[slot] if 0 <= slot < len(node.output_types) else wanted
    if 0 <= slot < len(inputs) and types_match(inputs[slot].type, offered):
        return inputs[slot].link
    same = [socket for socket in inputs if socket.type == wanted]
    fitting = [socket for socket in inputs if types_match(socket.type, offered)]
    return next((socket.link for socket in (*same, *fitting)), None)


def _through_inlet(graph: EditorGraph, instance: EditorNode, slot: int) -> _Step:
    """Leave a subgraph through its input ``slot``: to the link outside, or to the instance's own field."""
    socket = _outer_socket(graph, instance, slot)
    if socket is None:
        return _Step()
    if socket.link is not None:
        return _Step(link=socket.link)
    return _Step(end=_promoted(instance, socket))


def _outer_socket(graph: EditorGraph, instance: EditorNode, slot: int) -> EditorInput | None:
    declared = graph.definitions[instance.type].get("inputs")
    names = (
        [item.get("name") for item in declared if isinstance(item, dict)]
        if isinstance(declared, list)
        else []
    )
    name = names[slot] if 0 <= slot < len(names) else None
    by_name = [socket for socket in instance.inputs if socket.name == name]
    return next(iter(by_name or instance.inputs[slot : slot + 1]), None)


def _promoted(instance: EditorNode, socket: EditorInput) -> Constant | None:
    if not socket.is_widget:
        return None
    values = instance.values
    if isinstance(values, dict):
        return Constant(values[socket.name]) if socket.name in values else None
    index = [item for item in instance.inputs if item.is_widget].index(socket)
    return Constant(values[index]) if isinstance(values, list) and index < len(values) else None
