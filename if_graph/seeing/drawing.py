"""Workflow -> boxes in columns by depth and wires between them, ready for any form of drawing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from if_graph.graph.layout import GAP_X, place
from if_graph.graph.schema import NodeSchema
from if_graph.graph.wording import duration, shown, size
from if_graph.graph.workflow import Link, Node, Workflow
from if_graph.seeing.costs import Costs

LONGEST, MOST_UNKNOWN_OUTPUTS = 36, 32
WIDTH, HEADER, ROW = 320, 40, 24


@dataclass(frozen=True)
class Socket:
    """A named, typed end of wires."""

    name: str
    kind: str


@dataclass(frozen=True)
class Box:
    """One node: where it is drawn (left, top, width, height), and every text already fit to be shown."""

    node_id: str
    title: str
    class_type: str
    inputs: tuple[Socket, ...]
    outputs: tuple[Socket, ...]
    values: tuple[str, ...]
    is_cached: bool
    note: str
    depth: int = 0
    place: tuple[float, float, float, float] = (0, 0, 0, 0)


@dataclass(frozen=True)
class Wire:
    """A link, by ids and numbers of sockets."""

    source: str
    slot: int
    target: str
    socket: int
    kind: str


@dataclass(frozen=True)
class Drawing:
    """A workflow laid out: boxes by node id, left to right by depth."""

    boxes: Mapping[str, Box]
    wires: tuple[Wire, ...]

    @property
    def kinds(self) -> list[str]:
        """The types of the wires, sorted."""
        return sorted({wire.kind for wire in self.wires})


@dataclass(frozen=True)
class Marks:
    """What to mark: nodes whose results are there, and what nodes cost."""

    cached: frozenset[str] = frozenset()
    costs: Costs = field(default_factory=lambda: Costs({}, frozenset()))


def draw(workflow: Workflow, schemas: Mapping[str, NodeSchema], marks: Marks | None = None) -> Drawing:
    """Lay a workflow out.

    Args:
        workflow: the workflow; links that lead nowhere are left out.
        schemas: descriptions of its classes; a node of an unknown class shows the sockets that are in use.
        marks: what to mark.
    """
    marks = marks or Marks()
    links = [
        (link, target, socket)
        for target, node in workflow.nodes.items()
        for socket, link in enumerate(_links(node).values())
        if link.source in workflow.nodes and link.slot >= 0
    ]
    used: dict[str, int] = {}
    for link, _, _ in links:
        used[link.source] = max(used.get(link.source, 0), link.slot + 1)
    boxes = {
        node_id: _box(node_id, node, schemas.get(node.class_type), used.get(node_id, 0), marks)
        for node_id, node in workflow.nodes.items()
    }
    wires = tuple(_wire(boxes, *link) for link in links)
    return Drawing(_placed(boxes, wires), wires)


def readable(text: str, longest: int = LONGEST) -> str:
    """Return a text from a file on one line, cut, and without characters that act on a terminal or a file."""
    line = " ".join(text.split())
    line = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _links(node: Node) -> dict[str, Link]:
    return {name: value for name, value in node.inputs.items() if isinstance(value, Link)}


def _box(node_id: str, node: Node, schema: NodeSchema | None, used: int, marks: Marks) -> Box:
    declared = schema.inputs if schema else {}
    kinds = {name: declared[name].kind if name in declared else "*" for name in _links(node)}
    constants = {name: value for name, value in node.inputs.items() if name not in kinds}
    return Box(
        readable(node_id),
        readable(node.label),
        readable(node.class_type),
        tuple(Socket(readable(name), readable(kind)) for name, kind in kinds.items()),
        _outputs(schema, used),
        tuple(readable(f"{name}: {shown(value)}") for name, value in constants.items()),
        node_id in marks.cached or node_id in marks.costs.cached,
        _note(node_id, marks),
    )


def _outputs(schema: NodeSchema | None, used: int) -> tuple[Socket, ...]:
    declared = list(zip(schema.output_names, schema.outputs, strict=False)) if schema else []
    known = [Socket(readable(name), _kind(kind)) for name, kind in declared]
    return tuple(
        [
            *known,
            *(Socket(f"output {slot}", "*") for slot in range(len(known), min(used, MOST_UNKNOWN_OUTPUTS))),
        ]
    )


def _kind(kind: Any) -> str:
    return readable(kind) if isinstance(kind, str) else "COMBO"


def _note(node_id: str, marks: Marks) -> str:
    cost = marks.costs.ran.get(node_id)
    if cost is not None:
        return f"{duration(cost.seconds)}, {size(cost.memory)}"
    return "cached" if node_id in marks.cached or node_id in marks.costs.cached else ""


def _wire(boxes: Mapping[str, Box], link: Link, target: str, socket: int) -> Wire:
    outputs, inputs = boxes[link.source].outputs, boxes[target].inputs
    slot = min(link.slot, len(outputs) - 1)
    kind = outputs[slot].kind if outputs[slot].kind != "*" else inputs[socket].kind
    return Wire(link.source, slot, target, socket, kind)


def _placed(boxes: Mapping[str, Box], wires: tuple[Wire, ...]) -> dict[str, Box]:
    drawn: list[dict[str, Any]] = [
        {"id": node_id, "size": [WIDTH, _height(box)]} for node_id, box in boxes.items()
    ]
    place(drawn, [[0, wire.source, wire.slot, wire.target, wire.socket, wire.kind] for wire in wires])
    placed = {}
    for one in drawn:
        (left, top), (width, height) = one["pos"], one["size"]
        depth = left // (WIDTH + GAP_X)
        placed[one["id"]] = replace(boxes[one["id"]], depth=depth, place=(left, top, width, height))
    return placed


def _height(box: Box) -> int:
    return HEADER + ROW * (max(len(box.inputs), len(box.outputs)) + len(box.values))
