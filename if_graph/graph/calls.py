"""Input lists of one node -> calls of its function -> one NodeResult."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from if_graph.graph.backends import Backend, NodeCall
from if_graph.graph.blockers import ExecutionBlocker, find_blocker, is_blocker
from if_graph.graph.cache import NodeResult
from if_graph.graph.schema import NodeSchema
from if_graph.graph.workflow import Link, as_link

Lists = Mapping[str, list[Any]]


@dataclass(frozen=True)
class Returned:
    """What one call of a node came to.

    Args:
        values: one for each output; where ``graph`` is given, links into it stand for values.
        ui: what the call has to show.
        graph: a sub-graph in API format that makes the values.
        blocked: what a blocker among the inputs had to say, if there was one.
    """

    values: tuple[Any, ...]
    ui: Mapping[str, Any] = field(default_factory=dict)
    graph: Mapping[str, Any] | None = None
    blocked: str | None = None

    @property
    def links(self) -> list[Link]:
        """The values that are yet to be made by the sub-graph."""
        found = [as_link(value) for value in self.values] if self.graph is not None else []
        return [link for link in found if isinstance(link, Link)]


def call_node(
    backend: Backend, node_id: str, instance: Any, schema: NodeSchema, lists: Lists, hidden: Mapping[str, Any]
) -> list[Returned]:
    """Call a node once, or once per item where an input brings several.

    Args:
        backend: who performs the calls.
        node_id: which node.
        instance: its object.
        schema: its class.
        lists: for each input the list of its values; a list shorter than the longest repeats its last item.
        hidden: keyword arguments that every call gets.
    """
    returned = []
    for inputs in rounds(schema, lists, hidden):
        blocker = find_blocker(inputs.values(), schema.is_input_list)
        if blocker is not None:
            silent = ExecutionBlocker()  # whoever comes next need not say it again
            returned.append(Returned((silent,) * len(schema.outputs), blocked=blocker.message))
        else:
            returned.append(_read_return(backend.call(NodeCall(node_id, instance, inputs)), schema))
    return returned


def collect(
    returned: list[Returned], schema: NodeSchema, made: Callable[[Link], list[Any]] | None = None
) -> NodeResult:
    """Put the calls of one node together.

    Args:
        returned: what each call came to.
        schema: the node's class.
        made: returns the values of an output of a sub-graph; needed where a call returned one.
    """
    outputs: list[list[Any]] = [[] for _ in schema.outputs]
    for one in returned:
        for slot, (collected, value) in enumerate(zip(outputs, one.values, strict=False)):
            link = as_link(value) if one.graph is not None else None
            if made is not None and isinstance(link, Link):
                collected.extend(made(link))
            elif schema.output_is_list[slot] and not is_blocker(value):
                collected.extend(value)
            else:
                collected.append(value)
    return NodeResult(tuple(outputs), merged_ui([one.ui for one in returned]))


def rounds(schema: NodeSchema, lists: Lists, hidden: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the keyword arguments of every call that ``lists`` ask for."""
    if schema.is_input_list:
        return [{**lists, **{name: [value] for name, value in hidden.items()}}]
    count = 1
    for values in lists.values():
        if not values:  # an empty list means there is nothing to do
            return []
        count = max(count, len(values))
    return [
        {**{name: values[min(i, len(values) - 1)] for name, values in lists.items()}, **hidden}
        for i in range(count)
    ]


def _read_return(value: Any, schema: NodeSchema) -> Returned:
    ui: Mapping[str, Any] = {}
    graph = None
    if isinstance(value, dict):
        ui, graph, value = value.get("ui") or {}, value.get("expand"), value.get("result")
    if value is None or is_blocker(value):
        value = (value,) * len(schema.outputs)
    if not isinstance(value, tuple | list) or len(value) < len(schema.outputs):
        got = f"{len(value)} values" if isinstance(value, tuple | list) else f"a {type(value).__name__}"
        raise TypeError(
            f"it returned {got}, expected a tuple of {len(schema.outputs)}; correct its return statement"
        )
    return Returned(tuple(value), ui, graph)


def merged_ui(parts: list[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Put together what several calls have to show, list by list."""
    merged: dict[str, Any] = {}
    for part in parts:
        for name, shown in part.items():
            merged[name] = [*merged.get(name, []), *shown] if isinstance(shown, list | tuple) else shown
    return merged or None
