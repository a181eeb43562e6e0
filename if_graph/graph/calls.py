"""Input lists of one node -> calls of its function -> one NodeResult."""

from collections.abc import Mapping
from typing import Any

from if_graph.graph.backends import Backend, NodeCall
from if_graph.graph.cache import NodeResult
from if_graph.graph.schema import NodeSchema

Lists = Mapping[str, list[Any]]
Returned = tuple[tuple[Any, ...], dict[str, Any]]


def call_node(
    backend: Backend, node_id: str, instance: Any, schema: NodeSchema, lists: Lists, hidden: Mapping[str, Any]
) -> NodeResult:
    """Call a node once, or once per item where an input brings several.

    Args:
        backend: who performs the calls.
        node_id: which node.
        instance: its object.
        schema: its class.
        lists: for each input the list of its values; a list shorter than the longest repeats its last item.
        hidden: keyword arguments that every call gets.
    """
    rounds = _rounds(schema, lists, hidden)
    returned = [_read_return(backend.call(NodeCall(node_id, instance, inputs)), schema) for inputs in rounds]
    outputs = tuple(_collect(returned, slot, schema) for slot in range(len(schema.outputs)))
    return NodeResult(outputs, _merged_ui([ui for _, ui in returned]))


def _rounds(schema: NodeSchema, lists: Lists, hidden: Mapping[str, Any]) -> list[dict[str, Any]]:
    if schema.is_input_list:
        return [{**lists, **{name: [value] for name, value in hidden.items()}}]
    if any(not values for values in lists.values()):  # an empty list means there is nothing to do
        return []
    count = max((len(values) for values in lists.values()), default=1)
    return [
        {**{name: values[min(i, len(values) - 1)] for name, values in lists.items()}, **hidden}
        for i in range(count)
    ]


def _read_return(value: Any, schema: NodeSchema) -> Returned:
    ui: dict[str, Any] = {}
    if isinstance(value, dict):
        if "expand" in value:
            raise TypeError(
                "it returned a sub-graph ('expand'), which is not supported; use a node without expansion"
            )
        ui, value = value.get("ui") or {}, value.get("result")
    if value is None:
        value = (None,) * len(schema.outputs)
    if not isinstance(value, tuple | list) or len(value) < len(schema.outputs):
        got = f"{len(value)} values" if isinstance(value, tuple | list) else f"a {type(value).__name__}"
        raise TypeError(
            f"it returned {got}, expected a tuple of {len(schema.outputs)}; correct its return statement"
        )
    return tuple(value), ui


def _collect(returned: list[Returned], slot: int, schema: NodeSchema) -> list[Any]:
    collected: list[Any] = []
    for values, _ in returned:
        if schema.output_is_list[slot]:
            collected.extend(values[slot])
        else:
            collected.append(values[slot])
    return collected


def _merged_ui(parts: list[dict[str, Any]]) -> dict[str, Any] | None:
    merged: dict[str, Any] = {}
    for part in parts:
        for name, shown in part.items():
            merged[name] = [*merged.get(name, []), *shown] if isinstance(shown, list | tuple) else shown
    return merged or None
