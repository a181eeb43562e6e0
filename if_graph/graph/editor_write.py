"""Workflow -> editor JSON that shows it: boxes from left to right by depth, links, fields with values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.editor_text import without_choices
from if_graph.graph.layout import place
from if_graph.graph.packs import pack_fields
from if_graph.graph.room import room_for
from if_graph.graph.schema import NodeSchema
from if_graph.graph.widgets import widget_list
from if_graph.graph.wording import listed
from if_graph.graph.workflow import Link, Node, Workflow

PRIMITIVE = "PrimitiveNode"
_SMALL = [210, 82]


def to_editor(workflow: Workflow, schemas: Mapping[str, NodeSchema]) -> dict[str, Any]:
    """Draw a workflow, in version 0.4 of the editor's format.

    Reading the drawing gives the same workflow again. A constant for which the class declares no field gets a
    primitive node of its own.

    Args:
        workflow: the workflow.
        schemas: descriptions of its classes.

    Raises:
        WorkflowError: if a class has no description.
    """
    unknown = {node.class_type for node in workflow.nodes.values()} - schemas.keys()
    if unknown:
        raise WorkflowError(
            f"the classes {listed(sorted(unknown))} have no description, so their fields cannot be drawn; "
            "load their pack with --nodes or describe them with --object-info"
        )
    drawing = _Drawing(_first_free(workflow))
    for order, (node_id, node) in enumerate(workflow.nodes.items()):
        drawing.add(node_id, node, schemas[node.class_type], order)
    drawing.connect(workflow, schemas)
    boxes = list(drawing.boxes.values())
    place(boxes, drawing.links)
    return {
        "last_node_id": max((box["id"] for box in boxes if isinstance(box["id"], int)), default=0),
        "last_link_id": len(drawing.links),
        "nodes": boxes,
        "links": drawing.links,
        "groups": [],
        "config": {},
        "extra": {},
        "version": 0.4,
    }


@dataclass
class _Drawing:
    next_id: int
    boxes: dict[str, dict[str, Any]] = field(default_factory=dict)
    links: list[list[Any]] = field(default_factory=list)

    def add(self, node_id: str, node: Node, schema: NodeSchema, order: int) -> None:
        declared = {spec.name: spec for spec in schema.inputs.values()}
        fields = {name for name, spec in declared.items() if spec.is_widget}
        sockets = [
            {"name": name, "type": spec.kind, "link": None}
            | ({"widget": {"name": name}} if name in fields else {})
            for name, spec in declared.items()
        ]
        extra = [{"name": name, "type": "*", "link": None} for name in node.inputs if name not in declared]
        values = {
            name: without_choices(value) if declared[name].has_choices(value) else value
            for name, value in node.inputs.items()
            if name in fields and not isinstance(value, Link)
        }
        self.boxes[node_id] = _box(node_id, node.class_type, order, room_for(schema)) | {
            "inputs": sockets + extra,
            "outputs": [
                {"name": name, "type": kind if isinstance(kind, str) else "COMBO", "links": []}
                for name, kind in zip(schema.output_names, schema.outputs, strict=False)
            ],
            "properties": {"Node name for S&R": node.class_type, **pack_fields(node.pack, node.pack_version)},
            "widgets_values": widget_list(schema, values),
        }
        if node.title:
            self.boxes[node_id]["title"] = node.title

    def connect(self, workflow: Workflow, schemas: Mapping[str, NodeSchema]) -> None:
        for node_id, node in workflow.nodes.items():
            sockets = {socket["name"]: i for i, socket in enumerate(self.boxes[node_id]["inputs"])}
            declared = schemas[node.class_type].inputs
            for name, value in node.inputs.items():
                if isinstance(value, Link):
                    self._link(value, node_id, sockets[name])
                elif name not in declared or not declared[name].is_widget:
                    # Primitive nodes feed fields only, so the socket has to look like one.
                    self.boxes[node_id]["inputs"][sockets[name]]["widget"] = {"name": name}
                    self._link(self._primitive(value), node_id, sockets[name])

    def _primitive(self, value: Any) -> Link:
        node_id, self.next_id = str(self.next_id), self.next_id + 1
        self.boxes[node_id] = _box(node_id, PRIMITIVE, len(self.boxes), _SMALL) | {
            "inputs": [],
            "outputs": [{"name": "value", "type": "*", "links": []}],
            "properties": {},
            "widgets_values": [value, "fixed"],
        }
        return Link(node_id, 0)

    def _link(self, link: Link, target: str, slot: int) -> None:
        key, socket = len(self.links) + 1, self.boxes[target]["inputs"][slot]
        source, kind = self.boxes.get(link.source), socket["type"]
        if source is not None and 0 <= link.slot < len(source["outputs"]):
            source["outputs"][link.slot]["links"].append(key)
            kind = source["outputs"][link.slot]["type"]
        socket["link"] = key
        self.links.append([key, _id(link.source), link.slot, _id(target), slot, kind])


def _box(node_id: str, kind: str, order: int, size: list[int]) -> dict[str, Any]:
    return {
        "id": _id(node_id), "type": kind, "pos": [0, 0], "size": [*size], "flags": {}, "order": order,
        "mode": 0,
    }  # fmt: skip


def _id(node_id: str) -> int | str:
    """Return the id as the editor numbers nodes, where it is a number."""
    return int(node_id) if node_id.isdecimal() and str(int(node_id)) == node_id else node_id


def _first_free(workflow: Workflow) -> int:
    numbers = [int(node_id) for node_id in workflow.nodes if node_id.isdecimal() and node_id.isascii()]
    return max(numbers, default=0) + 1
