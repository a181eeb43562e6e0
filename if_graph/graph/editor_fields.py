"""Values that are shown away from the field they belong to: on primitive nodes and on subgraphs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from if_graph.graph.editor_records import EditorInput, EditorNode, list_in

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


@dataclass(frozen=True)
class Face:
    """How one input of a subgraph shows on its box.

    Args:
        socket: the box's socket.
        behind: node and input of the member whose field it feeds, if it feeds one.
        place: number of its value among the box's values; without a field behind it there is none.
    """

    socket: EditorInput
    behind: tuple[str, str] | None
    place: int


def faces_of(graph: "EditorGraph", instance: EditorNode) -> dict[int, Face]:
    """Return the faces of a subgraph's inputs by their number in its definition; read once for each box."""
    if instance.id not in graph.faces:
        found: dict[int, Face] = {}
        place = 0
        for slot, socket in _sockets(graph, instance):
            behind = _field_behind(graph, instance, slot)
            found[slot] = Face(socket, behind, place)
            place += behind is not None
        graph.faces[instance.id] = found
    return graph.faces[instance.id]


def promoted_value(graph: "EditorGraph", instance: EditorNode, face: Face) -> Constant | None:
    """Return the value of the field that a subgraph shows for one of its inputs, if it shows one."""
    if face.behind is None:
        return None
    for key in ((instance.id, face.socket.name), face.behind):
        if key in graph.shown:
            return Constant(graph.shown[key])
    values = instance.values
    if isinstance(values, dict):
        return Constant(values[face.socket.name]) if face.socket.name in values else None
    return Constant(values[face.place]) if isinstance(values, list) and face.place < len(values) else None


def _sockets(graph: "EditorGraph", instance: EditorNode) -> Iterator[tuple[int, EditorInput]]:
    """Pair the definition's inputs with the sockets of a box: by name, and in order where names repeat."""
    slots: dict[str, list[int]] = {}
    for slot, entry in enumerate(list_in(graph.definitions[instance.type], "inputs")):
        if isinstance(entry, dict):
            slots.setdefault(str(entry.get("name")), []).insert(0, slot)
    for socket in instance.inputs:
        if slots.get(socket.name):
            yield slots[socket.name].pop(), socket


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
            for key, value in _shown_on(instance, shown).items():
                shown.setdefault(key, value)
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
