"""The flat list ``widgets_values`` of an editor file <-> values by input name."""

from collections.abc import Mapping
from typing import Any

from if_graph.graph.schema import InputSpec, NodeSchema

_CONTROLS = ("fixed", "increment", "decrement", "randomize", "increment-wrap")
_SEEDS = ("seed", "noise_seed")
_UPLOADS = ("image_upload", "animated_image_upload", "video_upload", "audio_upload", "file_upload")


def widget_positions(schema: NodeSchema, values: list[Any]) -> dict[str, int]:
    """Return the place of each widget in ``values``.

    Seeds are followed by what happens to them after a run (a combo so controlled by a filter as well); those
    values belong to no input, and neither does an upload button, which is stored last.

    Args:
        schema: the node's class.
        values: the stored list; it may be short, and then the last widgets have no place.
    """
    places: dict[str, int] = {}
    place = 0
    for spec in schema.inputs.values():
        if not spec.is_widget:
            continue
        places[spec.name] = place
        place += 1 + _followers(spec, values[place + 1 : place + 3])
    return {name: place for name, place in places.items() if place < len(values)}


def widget_values(schema: NodeSchema, values: Any) -> dict[str, Any]:
    """Return the value of every widget by input name; what the file does not hold has its default."""
    found = {spec.name: spec.default for spec in schema.inputs.values() if spec.is_widget}
    if isinstance(values, dict):
        return found | {name: value for name, value in values.items() if name in found}
    if isinstance(values, list):
        return found | {name: values[place] for name, place in widget_positions(schema, values).items()}
    return found


def widget_list(schema: NodeSchema, values: Mapping[str, Any]) -> list[Any]:
    """Return what an editor stores for a node: every field's value and what belongs to fields besides.

    Args:
        schema: the node's class.
        values: values by input name; a field without one has its default.
    """
    stored: list[Any] = []
    for spec in schema.inputs.values():
        if spec.is_widget:
            stored.append(values.get(spec.name, spec.default))
            stored += _controls(spec)
    return [*stored, "image"] if has_upload(schema) else stored


def _controls(spec: InputSpec) -> list[str]:
    if not _is_controlled(spec):
        return []
    return ["fixed", ""] if spec.kind == "COMBO" else ["fixed"]


def _is_controlled(spec: InputSpec) -> bool:
    asked_for = spec.options.get("control_after_generate")
    return bool(asked_for) if asked_for is not None else is_seed(spec)


def is_seed(spec: InputSpec) -> bool:
    """Tell whether an editor takes an input for a seed."""
    return spec.kind == "INT" and spec.name in _SEEDS


def has_upload(schema: NodeSchema) -> bool:
    """Tell whether an editor gives a node a button to upload files."""
    return any(spec.options.get(key) for spec in schema.inputs.values() if spec.required for key in _UPLOADS)


def _followers(spec: InputSpec, following: list[Any]) -> int:
    if not _is_controlled(spec):
        return 0
    # A file written before a class asked for control lacks the value; never eat a neighbour's.
    if following and following[0] not in _CONTROLS:
        return 0
    return 2 if spec.kind == "COMBO" and len(following) > 1 and isinstance(following[1], str) else 1
