"""Follow a drawn link back to what really feeds it: a node's output, a constant, or nothing."""

from dataclasses import dataclass

from if_graph.errors import WorkflowError
from if_graph.graph.editor_fields import Constant, faces_of, promoted_value
from if_graph.graph.editor_graph import BYPASSED, INLET, MUTED, EditorGraph
from if_graph.graph.editor_records import EditorInput, EditorLink, EditorNode
from if_graph.graph.schema import types_match
from if_graph.graph.wording import brief
from if_graph.graph.workflow import Link


@dataclass(frozen=True)
class _Step:
    """Either the next link to follow and the type now wanted of it, or the end of the way."""

    link: str | None = None
    wanted: str = "*"
    end: Link | Constant | None = None


def trace(graph: EditorGraph, socket: EditorInput) -> Link | Constant | None:
    """Return what feeds ``socket``, past reroutes, bypassed nodes and subgraph borders.

    Primitive nodes feed nothing: their value is written into the field before, and only of what they touch.

    Raises:
        WorkflowError: if the way runs in a circle.
    """
    step, seen = _Step(socket.link, socket.type), set[str]()
    while step.link is not None:
        if step.link in seen:
            raise WorkflowError(
                f"link {brief(step.link)} runs in a circle through reroutes or bypassed nodes; remove it"
            )
        seen.add(step.link)
        if step.link not in graph.links:
            return None
        step = _step(graph, graph.links[step.link], step.wanted)
    return step.end


def _step(graph: EditorGraph, link: EditorLink, wanted: str) -> _Step:
    if link.scope and link.source == f"{link.scope}{INLET}":
        return _through_inlet(graph, graph.nodes[link.scope[:-1]], link.slot)
    node = graph.nodes.get(link.source)
    if node is None:  # a link from nowhere is kept, so that validation can name it
        return _Step(end=Link(link.source, link.slot))
    if node.mode == MUTED or node.type == "PrimitiveNode":
        return _Step()
    if node.mode == BYPASSED:
        passed = _bypass(node, link.slot, wanted)
        return _Step(passed.link, passed.type) if passed else _Step()
    if node.type in graph.definitions:
        return _Step(graph.outlets.get((f"{node.id}:", link.slot)), wanted)
    if node.type == "Reroute":
        return _Step(node.inputs[0].link if node.inputs else None, wanted)
    return _Step(end=Link(node.id, link.slot))


def _bypass(node: EditorNode, slot: int, wanted: str) -> EditorInput | None:
    """Pick the input whose value a bypassed node hands on, as the editor does."""
    inputs = node.inputs
    if not inputs:
        return None
    if wanted in ("*", ""):
        return inputs[slot if 0 <= slot < len(inputs) else 0]
    offered = node.output_types[slot] if 0 <= slot < len(node.output_types) else wanted
    fitting = [item for item in inputs if types_match(item.type, offered) and types_match(item.type, wanted)]
    if 0 <= slot < len(inputs) and inputs[slot] in fitting:
        return inputs[slot]
    return next((item for item in inputs if item.type == wanted), fitting[0] if fitting else None)


def _through_inlet(graph: EditorGraph, instance: EditorNode, slot: int) -> _Step:
    """Leave a subgraph through its input ``slot``: to the link outside, or to the instance's own field."""
    face = faces_of(graph, instance).get(slot)
    if face is None:
        return _Step()
    if face.socket.link is not None:
        return _Step(face.socket.link, face.socket.type)
    return _Step(end=promoted_value(graph, instance, face))
