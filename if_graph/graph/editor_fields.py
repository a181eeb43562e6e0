"""Values that are shown away from the field they belong to: on primitive nodes and on subgraphs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from if_graph.graph.editor_records import EditorInput, EditorNode

if TYPE_CHECKING:
    from if_graph.graph.editor_graph import EditorGraph

_ITSELF = "-1"  # the subgraph itself, in a list of the fields that it shows


@dataclass(frozen=True)
class Constant:
    """A value that a primitive node or a subgraph's own field supplies."""

    value: Any


def primitive_value(graph: "EditorGraph", node: EditorNode) -> Constant | None:
    """Return the value of a primitive node, if it has one."""
    if (node.id, "value") in graph.shown:
        return Constant(graph.shown[node.id, "value"])
    values = list(node.values.values()) if isinstance(node.values, dict) else node.values
    return Constant(values[0]) if isinstance(values, list) and values else None


def written_value(graph: "EditorGraph", socket: EditorInput) -> Constant | None:
    """Return what a primitive node writes into a field that it is linked to, with nothing between."""
    link = graph.links.get(socket.link) if socket.link is not None and socket.is_widget else None
    source = graph.nodes.get(link.source) if link else None
    return primitive_value(graph, source) if source and source.type == "PrimitiveNode" else None


def promoted_value(graph: "EditorGraph", instance: EditorNode, slot: int) -> Constant | None:
    """Return the value of the field that a subgraph shows for its input ``slot``.

    Args:
        graph: the drawing.
        instance: the subgraph's box.
        slot: number of the input in the subgraph's definition.
    """
    fields = [(i, s, _field_behind(graph, instance, i)) for i, s in _sockets(graph, instance)]
    fields = [field for field in fields if field[2] is not None]
    for place, (i, socket, behind) in enumerate(fields):
        if i == slot and behind is not None:
            return _value(graph, instance, place, socket.name, behind)
    return None


def _value(
    graph: "EditorGraph", instance: EditorNode, place: int, name: str, behind: tuple[str, str]
) -> Constant | None:
    for key in ((instance.id, name), behind):
        if key in graph.shown:
            return Constant(graph.shown[key])
    values = instance.values
    if isinstance(values, dict):
        return Constant(values[name]) if name in values else None
    return Constant(values[place]) if isinstance(values, list) and place < len(values) else None


def outer_socket(graph: "EditorGraph", instance: EditorNode, slot: int) -> EditorInput | None:
    """Return the socket of a subgraph's box that stands for input ``slot`` of its definition."""
    return next((socket for i, socket in _sockets(graph, instance) if i == slot), None)


def _sockets(graph: "EditorGraph", instance: EditorNode) -> Iterator[tuple[int, EditorInput]]:
    """Pair the sockets of a box with the definition's inputs: by name, and in order where names repeat."""
    declared = graph.definitions[instance.type].get("inputs")
    entries = declared if isinstance(declared, list) else []
    free = {i: entry.get("name") for i, entry in enumerate(entries) if isinstance(entry, dict)}
    for socket in instance.inputs:
        slot = next((i for i, name in free.items() if name == socket.name), None)
        if slot is not None:
            del free[slot]
            yield slot, socket


def _field_behind(graph: "EditorGraph", instance: EditorNode, slot: int) -> tuple[str, str] | None:
    """Return node and input whose field a subgraph's input feeds, if it feeds one."""
    for member_id, link in graph.inlets.get((f"{instance.id}:", slot), ()):
        member = graph.nodes.get(member_id)
        for socket in member.inputs if member else ():
            if socket.link == link and socket.is_widget:
                return member_id, socket.name
    return None


def shown_values(graph: "EditorGraph") -> dict[tuple[str, str], Any]:
    """Return values by node and field that older editors kept on the subgraph around the node.

    They list the fields in ``properties.proxyWidgets`` and the values, in the same order, in
    ``widgets_values``. What an outer subgraph holds stands before what an inner one does.
    """
    shown: dict[tuple[str, str], Any] = {}
    for instance in graph.nodes.values():  # outer before inner
        if instance.type in graph.definitions:
            shown = _shown_on(instance, shown) | shown
    return shown


def _shown_on(instance: EditorNode, outer: dict[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
    listed = instance.properties.get("proxyWidgets")
    values = instance.values if isinstance(instance.values, list) else []
    found: dict[tuple[str, str], Any] = {}
    for entry, value in zip(listed if isinstance(listed, list) else [], values, strict=False):
        if isinstance(entry, list) and len(entry) >= 2:
            member, name = str(entry[0]), str(entry[1])
            place = instance.id if member == _ITSELF else f"{instance.id}:{member}"
            found[place, name] = outer.get((instance.id, name), value)
    return found
