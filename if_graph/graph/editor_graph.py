"""Editor JSON, 0.4 or 1.0 -> flat records of nodes and links, with every subgraph unfolded."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.wording import brief, kind_of, shown
from if_graph.graph.workflow import expect_object

MUTED, BYPASSED = 2, 4
INLET, OUTLET = "-10", "-20"  # node ids that stand for a subgraph's own inputs and outputs
_MOST_NODES = 100_000  # definitions nested in each other can multiply without end


@dataclass(frozen=True)
class EditorInput:
    """One socket on the left of a node; ``link`` is the key of what feeds it."""

    name: str
    type: str
    link: str | None
    is_widget: bool


@dataclass(frozen=True)
class EditorNode:
    """One box as drawn; ``scope`` is the id prefix of the subgraph instance around it."""

    id: str
    type: str
    title: str | None
    mode: int
    inputs: tuple[EditorInput, ...]
    output_types: tuple[str, ...]
    values: Any
    properties: dict[str, Any]
    scope: str


@dataclass(frozen=True)
class EditorLink:
    """Where a link starts."""

    source: str
    slot: int
    type: str
    scope: str


@dataclass
class EditorGraph:
    """All nodes and links of a file, subgraphs unfolded; members carry ids like ``5:2``."""

    nodes: dict[str, EditorNode] = field(default_factory=dict)
    links: dict[str, EditorLink] = field(default_factory=dict)
    outlets: dict[tuple[str, int], str] = field(default_factory=dict)
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
        for node in _nodes(level, scope):
            if node.id in graph.nodes:
                raise WorkflowError(
                    f"two nodes have the id {brief(node.id)}; save the workflow again in its editor"
                )
            graph.nodes[node.id] = node
            if node.type in graph.definitions and node.mode not in (MUTED, BYPASSED):
                if node.type in around or len(graph.nodes) > _MOST_NODES:
                    raise WorkflowError(
                        f"node {brief(node.id)}: its subgraph contains itself; remove the inner copy"
                    )
                waiting.append((graph.definitions[node.type], f"{node.id}:", (*around, node.type)))
    return graph


def _definitions(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    waiting = [data]
    while waiting:
        holder = waiting.pop().get("definitions") or {}
        for definition in _list(expect_object(holder, "'definitions'"), "subgraphs"):
            found[str(expect_object(definition, "a subgraph definition").get("id"))] = definition
            waiting.append(definition)
    return found


def _list(holder: dict[str, Any], key: str) -> list[Any]:
    value = holder.get(key) or []
    if not isinstance(value, list):
        raise WorkflowError(
            f"'{key}' is {kind_of(value)}, expected a list; save the workflow again in its editor"
        )
    return value


def _nodes(level: dict[str, Any], scope: str) -> Iterator[EditorNode]:
    boxes = [expect_object(node, "an entry of 'nodes'") for node in _list(level, "nodes")]
    for box in sorted(boxes, key=_order):
        yield _node(box, scope)


def _order(box: dict[str, Any]) -> int:
    order = box.get("order")
    return order if isinstance(order, int) else 0


def _node(box: dict[str, Any], scope: str) -> EditorNode:
    node_id, kind = box.get("id"), box.get("type")
    if not isinstance(node_id, int | str) or not isinstance(kind, str):
        raise WorkflowError(
            f"a node has id {shown(node_id)} and type {shown(kind)}, expected a number and a class name; "
            "save the workflow again in its editor"
        )
    title, properties = box.get("title"), box.get("properties")
    name = brief(str(node_id))
    inputs = [expect_object(item, f"an input of node {name}") for item in _list(box, "inputs")]
    outputs = [expect_object(item, f"an output of node {name}") for item in _list(box, "outputs")]
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
    )


def _input(item: dict[str, Any], scope: str) -> EditorInput:
    link = item.get("link")
    key = None if link is None else f"{scope}{link}"
    return EditorInput(str(item.get("name", "")), str(item.get("type", "*")), key, bool(item.get("widget")))


def _add_links(graph: EditorGraph, level: dict[str, Any], scope: str) -> None:
    for link in _list(level, "links"):
        key, source, slot, target, target_slot, kind = _link_fields(link)
        graph.links[f"{scope}{key}"] = EditorLink(f"{scope}{source}", slot, str(kind), scope)
        if scope and str(target) == OUTLET:
            graph.outlets[scope, target_slot] = f"{scope}{key}"


def _link_fields(link: Any) -> tuple[Any, Any, int, Any, int, Any]:
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    fields = [link.get(name) for name in names] if isinstance(link, dict) else link
    if isinstance(fields, list) and len(fields) == 5:
        fields = [*fields, "*"]
    if not isinstance(fields, list) or len(fields) < 6 or not all(type(fields[i]) is int for i in (2, 4)):
        raise WorkflowError(
            f"link {shown(link)} is malformed, expected [id, from, from slot, to, to slot, type]; "
            "save the workflow again in its editor"
        )
    return fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]
