"""Placeholders in file names, ``%date:yyyy%`` and ``%Node.widget%``, filled as the editor does."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from if_graph.graph.workflow import Link, Node

_PLACEHOLDER = re.compile(r"%([^%]+)%")
_DATE_PART = re.compile(r"yyyy|yy|MM|M|dd|d|hh|h|mm|m|ss|s")
_UNSAFE = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f]')
_DATE_CODES = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "hh": "%H", "mm": "%M", "ss": "%S"}

Names = Mapping[str, tuple[str | None, Any]]


def fill_placeholders(nodes: dict[str, Node], names: Names, now: datetime) -> dict[str, Node]:
    """Return the nodes with the ``filename_prefix`` of every saving node filled in.

    Args:
        nodes: every node by id.
        names: title and search name of each node, what a placeholder may call it.
        now: the time that ``%date%`` stands for.
    """
    filled = dict(nodes)
    for node_id, node in nodes.items():
        prefix = node.inputs.get("filename_prefix")
        if node.class_type.startswith("Save") and isinstance(prefix, str) and "%" in prefix:
            text = _PLACEHOLDER.sub(lambda match: _filled(match, nodes, names, now), prefix)
            filled[node_id] = replace(node, inputs={**node.inputs, "filename_prefix": text})
    return filled


def _filled(match: "re.Match[str]", nodes: Mapping[str, Node], names: Names, now: datetime) -> str:
    body = match.group(1)
    if body.startswith("date:"):
        return _DATE_PART.sub(lambda part: _date_part(part.group(), now), body[len("date:") :])
    label, _, widget = body.rpartition(".")
    for node_id, called in names.items():
        value = nodes[node_id].inputs.get(widget) if label and label in called else None
        if value is not None and not isinstance(value, Link):
            return _UNSAFE.sub("_", str(value))
    return match.group()


def _date_part(code: str, now: datetime) -> str:
    if code in _DATE_CODES:
        return now.strftime(_DATE_CODES[code])
    return str({"M": now.month, "d": now.day, "h": now.hour, "m": now.minute, "s": now.second}[code])
