"""A node class -> the size of a box that has room for its sockets, its fields and its pictures.

Pixels are those of the editor's own boxes, measured by ``tests/graph/conversion/record.py``.
"""

from if_graph.graph.schema import InputSpec, NodeSchema
from if_graph.graph.widgets import has_upload, is_seed, widget_list

_WIDTH, _EDGE = 320, 14
_ROW, _FIELD, _TEXT = 20, 24, 104
_PICTURE = 240
"""The editor makes a box so much taller once it shows a picture, and no more."""
_LETTER = 9


def room_for(schema: NodeSchema) -> list[int]:
    """Return width and height of a box, without its title."""
    sockets = [spec for spec in schema.inputs.values() if not spec.is_widget]
    tall = sum(_is_tall(spec) for spec in schema.inputs.values())
    fields = len(widget_list(schema, {})) - tall
    height = _EDGE + _ROW * max(len(sockets), len(schema.outputs)) + _FIELD * fields
    height += _TEXT * (tall + _shows_text(schema)) + _PICTURE * _shows_pictures(schema)
    return [max(_WIDTH, _names(schema, sockets)), height]


def _is_tall(spec: InputSpec) -> bool:
    """Tell whether a field has several lines."""
    return spec.is_widget and bool(spec.options.get("multiline") or spec.options.get("multi_select"))


def _shows_text(schema: NodeSchema) -> bool:
    return schema.is_output and any(spec.kind == "*" for spec in schema.inputs.values())


def _shows_pictures(schema: NodeSchema) -> bool:
    """Tell whether a box will show a picture: it loads one, saves some, or samples one and so has a seed."""
    saves = schema.is_output and any(spec.kind == "IMAGE" for spec in schema.inputs.values())
    return saves or has_upload(schema) or any(is_seed(spec) for spec in schema.inputs.values())


def _names(schema: NodeSchema, sockets: list[InputSpec]) -> int:
    """Return the width of the longest names that face each other."""
    left = max((len(spec.name) for spec in sockets), default=0)
    right = max((len(name) for name in schema.output_names), default=0)
    return _LETTER * (left + right)
