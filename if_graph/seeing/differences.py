"""Two workflows -> what differs: nodes on one side only, constants, links."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from if_graph.graph.canonical import Unkeyable, canonical
from if_graph.graph.dag import require_known_classes
from if_graph.graph.wording import shown
from if_graph.graph.workflow import Link, Node, Workflow, where

_ABSENT = object()
_Boxes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Change:
    """One value that differs; ``kind`` is constant, link, title, position or id."""

    node: str
    kind: str
    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Differences:
    """What differs between two workflows; nodes are named as messages name them."""

    removed: tuple[str, ...]
    added: tuple[str, ...]
    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.removed or self.added or self.changes)


def compare(first: Workflow, second: Workflow, with_looks: bool = False) -> Differences:
    """List what differs between two workflows.

    Nodes of one class are matched by id, the rest by title, and what is left in the order of the files; a
    link is the same if it leads to matched nodes.

    Args:
        first: the one before.
        second: the one after.
        with_looks: whether ids, titles and positions count.

    Raises:
        WorkflowError: if a file keeps values of an unknown class without their names.
    """
    for workflow in (first, second):
        _require_named_values(workflow)
    pairs = match(first.nodes, second.nodes)
    matched = set(pairs.values())
    changes = [change for pair in pairs.items() for change in _changes(first, second, pair, pairs)]
    if with_looks:
        boxes = _boxes(first), _boxes(second)
        changes += [change for pair in pairs.items() for change in _looks(first, second, pair, boxes)]
    return Differences(
        tuple(where(node_id, node) for node_id, node in first.nodes.items() if node_id not in pairs),
        tuple(where(node_id, node) for node_id, node in second.nodes.items() if node_id not in matched),
        tuple(changes),
    )


def match(first: Mapping[str, Node], second: Mapping[str, Node]) -> dict[str, str]:
    """Return the node of the second workflow that each of the first became, where there is one."""
    pairs: dict[str, str] = {}
    signs: tuple[Callable[[str, Node], Any], ...] = (
        lambda node_id, node: (node.class_type, node_id),
        lambda _, node: (node.class_type, node.label),
        lambda _, node: node.class_type,
    )
    for sign in signs:
        taken = set(pairs.values())
        waiting: dict[Any, list[str]] = {}
        for node_id in reversed([one for one in second if one not in taken]):
            waiting.setdefault(sign(node_id, second[node_id]), []).append(node_id)
        for node_id in (one for one in first if one not in pairs):
            if found := waiting.get(sign(node_id, first[node_id])):
                pairs[node_id] = found.pop()
    return {node_id: pairs[node_id] for node_id in first if node_id in pairs}


def _changes(
    first: Workflow, second: Workflow, pair: tuple[str, str], pairs: Mapping[str, str]
) -> Iterator[Change]:
    before, after = first.nodes[pair[0]].inputs, second.nodes[pair[1]].inputs
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name, _ABSENT), after.get(name, _ABSENT)
        if not _same(old, new, pairs):
            kind = "link" if isinstance(old, Link) or isinstance(new, Link) else "constant"
            node = where(pair[1], second.nodes[pair[1]])
            yield Change(node, kind, name, _told(old, first), _told(new, second))


def _same(old: Any, new: Any, pairs: Mapping[str, str]) -> bool:
    if isinstance(old, Link) and isinstance(new, Link):
        return (pairs.get(old.source), old.slot) == (new.source, new.slot)
    try:
        return old is new or canonical(_plain(old)) == canonical(_plain(new))
    except Unkeyable:  # a link and a constant, NaN, something and nothing
        return False


def _plain(value: Any) -> Any:
    """Return a whole float as the int that editors save for it."""
    return int(value) if type(value) is float and value.is_integer() else value


def _told(value: Any, workflow: Workflow) -> str:
    if isinstance(value, Link):
        node = workflow.nodes.get(value.source)
        return f"output {value.slot} of {where(value.source, node) if node else f'node {value.source}'}"
    return "nothing" if value is _ABSENT else shown(value)


def _looks(
    first: Workflow, second: Workflow, pair: tuple[str, str], boxes: tuple[_Boxes, _Boxes]
) -> Iterator[Change]:
    old, new = first.nodes[pair[0]], second.nodes[pair[1]]
    places = [side.get(node_id, {}).get("pos") for side, node_id in zip(boxes, pair, strict=True)]
    looks: dict[str, tuple[Any, Any]] = {
        "id": pair,
        "title": (old.label, new.label),
        "position": (places[0], places[1]),
    }
    for kind, (before, after) in looks.items():
        if before != after and None not in (before, after):
            yield Change(where(pair[1], new), kind, kind, shown(before), shown(after))


def _boxes(workflow: Workflow) -> _Boxes:
    """Return what the editor drew, by node id; nodes inside subgraphs are not among it."""
    drawn = (workflow.editor or {}).get("nodes")
    boxes = [box for box in drawn if isinstance(box, dict)] if isinstance(drawn, list) else []
    return {str(box.get("id")): box for box in boxes}


def _require_named_values(workflow: Workflow) -> None:
    boxes = _boxes(workflow)
    bare = {
        node_id: node
        for node_id, node in workflow.nodes.items()
        if node.class_type not in workflow.schemas and all(isinstance(v, Link) for v in node.inputs.values())
    }
    if workflow.editor is not None:  # which keeps values by place; only the class knows their names
        hiding = {
            i: node
            for i, node in bare.items()
            if boxes.get(i, {"widgets_values": [...]}).get("widgets_values")
        }
        require_known_classes(Workflow(hiding), workflow.schemas)
