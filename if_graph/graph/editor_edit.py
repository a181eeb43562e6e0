"""Carry a changed value back into the editor JSON, so that a saved picture opens as it was made."""

from typing import Any

from if_graph.graph.editor_text import without_choices
from if_graph.graph.schema import NodeSchema
from if_graph.graph.widgets import widget_positions


def edited(
    editor: dict[str, Any], node_id: str, schema: NodeSchema, name: str, value: Any
) -> dict[str, Any] | None:
    """Return a copy of ``editor`` in which one widget holds ``value``.

    Args:
        editor: editor JSON; it is left as it is.
        node_id: a node on the top level of the drawing.
        schema: the node's class.
        name: the input to change.
        value: its new constant.

    Returns:
        The copy, or None where the drawing cannot show the change: the input is linked, is no widget, or lies
        in a subgraph.
    """
    nodes = editor.get("nodes")
    places = (
        [i for i, box in enumerate(nodes) if _is_box(box, node_id, schema)] if isinstance(nodes, list) else []
    )
    if len(places) != 1:
        return None
    box = _with_value(nodes[places[0]], schema, name, value)  # type: ignore[index]  # places is empty without a list
    if box is None:
        return None
    return {**editor, "nodes": [box if i == places[0] else other for i, other in enumerate(nodes or [])]}


def _is_box(box: Any, node_id: str, schema: NodeSchema) -> bool:
    return isinstance(box, dict) and str(box.get("id")) == node_id and box.get("type") == schema.name


def _with_value(box: dict[str, Any], schema: NodeSchema, name: str, value: Any) -> dict[str, Any] | None:
    sockets = box.get("inputs") or []
    if any(s.get("link") is not None for s in sockets if isinstance(s, dict) and s.get("name") == name):
        return None
    if name in schema.inputs and schema.inputs[name].has_choices(value):
        value = without_choices(value)
    values = _replaced(box.get("widgets_values"), schema, name, value)
    if values is None:
        return None
    named = box.get("widgets_values_named")
    extra = {"widgets_values_named": {**named, name: value}} if isinstance(named, dict) else {}
    return {**box, "widgets_values": values, **extra}


def _replaced(values: Any, schema: NodeSchema, name: str, value: Any) -> Any:
    if isinstance(values, dict):
        return {**values, name: value} if name in values else None
    place = widget_positions(schema, values).get(name) if isinstance(values, list) else None
    return None if place is None else [*values[:place], value, *values[place + 1 :]]
