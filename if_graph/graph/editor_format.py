"""ComfyUI's editor format -> Workflow, by the rules of the official front end."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.editor_fields import Constant, primitive_value, written_value
from if_graph.graph.editor_graph import BYPASSED, MUTED, EditorGraph, in_file_order, parse_editor
from if_graph.graph.editor_records import EditorNode
from if_graph.graph.editor_text import Named, fill_placeholders, pick_choices
from if_graph.graph.editor_trace import trace
from if_graph.graph.packs import pack_of
from if_graph.graph.schema import NodeSchema
from if_graph.graph.widgets import widget_values
from if_graph.graph.wording import brief
from if_graph.graph.workflow import Link, Node, Workflow

_DRAWN_ONLY = {"Note", "MarkdownNote", "Reroute", "PrimitiveNode"}


def is_editor(data: dict[str, Any]) -> bool:
    """Tell whether JSON looks like the editor format."""
    return isinstance(data.get("nodes"), list)


def read_editor(
    data: dict[str, Any],
    schemas: Mapping[str, NodeSchema],
    now: datetime | None = None,
    dice: random.Random | None = None,
) -> Workflow:
    """Read a workflow in editor format.

    Args:
        data: the parsed JSON, version 0.4 or 1.
        schemas: what is known of the classes; gives values in ``widgets_values`` their names.
        now: time for ``%date%`` in file names; the present if left out.
        dice: decides between the choices of a text ``{a|b}`` in a field that has them; as in an editor, each
            reading decides anew if left out.

    Raises:
        WorkflowError: if the file is malformed.
    """
    graph = parse_editor(data)
    boxes = {node_id: box for node_id, box in graph.nodes.items() if _runs(graph, box)}
    reader = _Reader(graph, schemas, boxes, dice or random.Random())
    nodes = {node_id: reader.node(box) for node_id, box in boxes.items()}
    return Workflow(fill_placeholders(nodes, reader.named(), now or datetime.now()), data, schemas)


def _runs(graph: EditorGraph, box: EditorNode) -> bool:
    if box.type.startswith(("workflow>", "workflow/")):
        raise WorkflowError(
            f"node {brief(box.id)}: '{brief(box.type)}' is a group node, which is no longer supported; "
            "open the workflow in a recent editor and save it, which turns it into a subgraph"
        )
    return (
        box.mode not in (MUTED, BYPASSED)
        and box.type not in _DRAWN_ONLY
        and box.type not in graph.definitions
    )


@dataclass(frozen=True)
class _Reader:
    graph: EditorGraph
    schemas: Mapping[str, NodeSchema]
    kept: Mapping[str, EditorNode]
    dice: random.Random

    def node(self, box: EditorNode) -> Node:
        schema = self.schemas.get(box.type)
        inputs = {name: self._sent(schema, name, value) for name, value in self._fields(box).items()}
        for socket in box.inputs:
            source = trace(self.graph, socket)
            if isinstance(source, Constant):
                inputs[socket.name] = source.value
            elif isinstance(source, Link) and self._is_there(source.source):
                inputs[socket.name] = source
        return Node(box.type, inputs, self._title(box), *pack_of(box.properties))

    def named(self) -> Iterator[Named]:
        for box in in_file_order(self.graph):
            search_name = box.properties.get("Node name for S&R")
            yield Named(search_name, self._title(box), partial(self._fields, box))

    def _title(self, box: EditorNode) -> str | None:
        schema = self.schemas.get(box.type)
        return box.title or (schema.display_name if schema else None)

    def _is_there(self, node_id: str) -> bool:
        return node_id in self.kept or node_id not in self.graph.nodes

    def _fields(self, box: EditorNode) -> dict[str, Any]:
        """Return what is in a box's fields, whatever is linked to them."""
        schema = self.schemas.get(box.type)
        stored: dict[str, Any] = widget_values(schema, box.values) if schema else {}
        values = {name: self.graph.shown.get((box.id, name), value) for name, value in stored.items()}
        written = {socket.name: written_value(self.graph, socket) for socket in box.inputs}
        if box.type == "PrimitiveNode":
            written = {"value": primitive_value(self.graph, box)}
        return values | {name: constant.value for name, constant in written.items() if constant}

    def _sent(self, schema: NodeSchema | None, name: str, value: Any) -> Any:
        spec = schema.inputs.get(name) if schema else None
        return pick_choices(value, self.dice) if spec and spec.has_choices(value) else value
