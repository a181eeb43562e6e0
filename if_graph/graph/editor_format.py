"""ComfyUI's editor format -> Workflow, by the rules of the official front end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.api_format import pack_of
from if_graph.graph.editor_graph import BYPASSED, MUTED, EditorGraph, parse_editor
from if_graph.graph.editor_records import EditorNode
from if_graph.graph.editor_text import fill_placeholders
from if_graph.graph.editor_trace import Constant, trace
from if_graph.graph.schema import NodeSchema
from if_graph.graph.widgets import widget_values
from if_graph.graph.wording import brief
from if_graph.graph.workflow import Link, Node, Workflow

_DRAWN_ONLY = {"Note", "MarkdownNote", "Reroute", "PrimitiveNode"}


def is_editor(data: dict[str, Any]) -> bool:
    """Tell whether JSON looks like the editor format."""
    return isinstance(data.get("nodes"), list)


def read_editor(
    data: dict[str, Any], schemas: Mapping[str, NodeSchema], now: datetime | None = None
) -> Workflow:
    """Read a workflow in editor format.

    Args:
        data: the parsed JSON, version 0.4 or 1.
        schemas: what is known of the classes; gives values in ``widgets_values`` their names.
        now: time for ``%date%`` in file names; the present if left out.

    Raises:
        WorkflowError: if the file is malformed.
    """
    graph = parse_editor(data)
    boxes = {node_id: box for node_id, box in graph.nodes.items() if _runs(graph, box)}
    nodes = {node_id: _node(graph, box, schemas, boxes) for node_id, box in boxes.items()}
    names = {node_id: (box.title, box.properties.get("Node name for S&R")) for node_id, box in boxes.items()}
    return Workflow(fill_placeholders(nodes, names, now or datetime.now()), data, schemas)


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


def _node(
    graph: EditorGraph, box: EditorNode, schemas: Mapping[str, NodeSchema], kept: Mapping[str, EditorNode]
) -> Node:
    schema = schemas.get(box.type)
    inputs: dict[str, Any] = widget_values(schema, box.values) if schema else {}
    for socket in box.inputs:
        source = trace(graph, socket)
        if isinstance(source, Constant):
            inputs[socket.name] = source.value
        elif isinstance(source, Link) and (source.source in kept or source.source not in graph.nodes):
            inputs[socket.name] = source
    title = box.title or (schema.display_name if schema else None)
    return Node(box.type, inputs, title, pack_of(box.properties))
