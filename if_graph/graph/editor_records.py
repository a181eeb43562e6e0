"""One node or link of an editor file -> a record, whatever version wrote it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.wording import brief, kind_of, shown
from if_graph.graph.workflow import expect_object


@dataclass(frozen=True)
class EditorInput:
    """One socket on the left of a node; ``link`` is the key of what feeds it."""

    name: str
    type: str
    link: str | None
    is_widget: bool


@dataclass(frozen=True)
class EditorNode:
    """One box as drawn; ``scope`` is the id prefix of the subgraph around it, ``place`` its index."""

    id: str
    type: str
    title: str | None
    mode: int
    inputs: tuple[EditorInput, ...]
    output_types: tuple[str, ...]
    values: Any
    properties: dict[str, Any]
    scope: str
    place: int


@dataclass(frozen=True)
class EditorLink:
    """Where a link starts."""

    source: str
    slot: int
    type: str
    scope: str


def list_in(holder: dict[str, Any], key: str) -> list[Any]:
    """Return a list of the file, empty where it is left out.

    Raises:
        WorkflowError: if it is anything else.
    """
    value = holder.get(key) or []
    if not isinstance(value, list):
        raise WorkflowError(
            f"'{key}' is {kind_of(value)}, expected a list; save the workflow again in its editor"
        )
    return value


def nodes_in(level: dict[str, Any], scope: str) -> Iterator[EditorNode]:
    """Read the boxes of one level, in the order of execution that the editor wrote down.

    Raises:
        WorkflowError: if one is not shaped like a node.
    """
    boxes = [expect_object(node, "an entry of 'nodes'") for node in list_in(level, "nodes")]
    for place, box in sorted(enumerate(boxes), key=lambda item: _order(item[1])):
        yield _node(box, scope, place)


def _order(box: dict[str, Any]) -> int:
    order = box.get("order")
    return order if isinstance(order, int) else 0


def _node(box: dict[str, Any], scope: str, place: int) -> EditorNode:
    node_id, kind = box.get("id"), box.get("type")
    if not isinstance(node_id, int | str) or not isinstance(kind, str):
        raise WorkflowError(
            f"a node has id {shown(node_id)} and type {shown(kind)}, expected a number and a class name; "
            "save the workflow again in its editor"
        )
    title, properties = box.get("title"), box.get("properties")
    name = brief(str(node_id))
    inputs = [expect_object(item, f"an input of node {name}") for item in list_in(box, "inputs")]
    outputs = [expect_object(item, f"an output of node {name}") for item in list_in(box, "outputs")]
    return EditorNode(
        id=f"{scope}{node_id}",
        type=kind,
        title=title if isinstance(title, str) and title else None,
        mode=box["mode"] if isinstance(box.get("mode"), int) else 0,
        inputs=tuple(_input(item, scope) for item in inputs),
        output_types=tuple(str(item.get("type", "*")) for item in outputs),
        values=box.get("widgets_values") or [],
        properties=properties if isinstance(properties, dict) else {},
        scope=scope,
        place=place,
    )


def _input(item: dict[str, Any], scope: str) -> EditorInput:
    link = item.get("link")
    key = None if link is None else f"{scope}{link}"
    return EditorInput(str(item.get("name", "")), str(item.get("type", "*")), key, bool(item.get("widget")))


def link_in(data: Any, scope: str) -> tuple[str, EditorLink, str, int]:
    """Read one link of either version: its key, where it starts, and the node and slot where it ends.

    Raises:
        WorkflowError: if it is not shaped like a link.
    """
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    fields = [data.get(name) for name in names] if isinstance(data, dict) else data
    if not isinstance(fields, list) or len(fields) < 5 or not all(type(fields[i]) is int for i in (2, 4)):
        raise WorkflowError(
            f"link {shown(data)} is malformed, expected [id, from, from slot, to, to slot, type]; "
            "save the workflow again in its editor"
        )
    kind = str(fields[5]) if len(fields) > 5 else "*"
    return (
        f"{scope}{fields[0]}",
        EditorLink(f"{scope}{fields[1]}", fields[2], kind, scope),
        str(fields[3]),
        fields[4],
    )
