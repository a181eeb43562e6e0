"""Texts that the editor changes as it queues them: ``%date:yyyy%``, ``%Node.widget%`` and ``{a|b}``."""

import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from if_graph.graph.workflow import Node

# The classes whose 'filename_prefix' the editor fills in; others get theirs as it was typed.
_SAVES = {
    *("SaveImage", "SaveImageAdvanced", "SaveSVGNode", "SaveVideo", "SaveAnimatedWEBP", "SaveAnimatedPNG"),
    *("SaveWEBM", "SaveAudio", "SaveAudioMP3", "SaveAudioOpus", "SaveAudioAdvanced", "SaveGLB"),
    *("Save3DAdvanced", "SaveGaussianSplat", "SavePointCloud", "SaveLatent"),
    *("CLIPSave", "VAESave", "ModelSave", "LoraSave"),
}
_PLACEHOLDER = re.compile(r"%([^%]+)%")
_DATE_PART = re.compile(r"yyyy|yyy|yy|MM|M|dd|d|hh|h|mm|m|ss|s")
_UNSAFE = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f]')
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_ESCAPED = re.compile(r"\\([{}|])")
_BRACE = re.compile(r"(?<!\\)[{}|]")
_OPENS_COMMENT = re.compile(r"/([/*])")
_TOKEN = re.compile(r"\\.|[{}|]|[^\\{}|]+|\\", re.DOTALL)


@dataclass(frozen=True)
class Named:
    """A box that a placeholder may name: by its search name, or else by its title."""

    search_name: Any
    title: str | None
    values: Callable[[], Mapping[str, Any]]


def fill_placeholders(nodes: dict[str, Node], boxes: Iterable[Named], now: datetime) -> dict[str, Node]:
    """Return the nodes with the ``filename_prefix`` of every saving node filled in.

    Args:
        nodes: every node by id.
        boxes: every box of the drawing, in the order of the file; of several namesakes the first is meant.
        now: the time that ``%date%`` stands for.
    """
    prefixes = {node_id: node.inputs.get("filename_prefix") for node_id, node in nodes.items()}
    filled: dict[str, Node] = {}
    known: list[Named] = []
    for node_id, prefix in prefixes.items():
        if nodes[node_id].class_type in _SAVES and isinstance(prefix, str) and "%" in prefix:
            known = known or list(boxes)
            text = _PLACEHOLDER.sub(partial(_filled, boxes=known, now=now), prefix)
            inputs = {**nodes[node_id].inputs, "filename_prefix": text}
            filled[node_id] = replace(nodes[node_id], inputs=inputs)
    return {**nodes, **filled}


def _filled(match: "re.Match[str]", boxes: list[Named], now: datetime) -> str:
    name, *rest = match.group(1).split(".")
    if len(rest) != 1:
        date = name.removeprefix("date:")
        return match.group() if date == name else _DATE_PART.sub(lambda p: _date_part(p.group(), now), date)
    found = [box for box in boxes if box.search_name == name] or [box for box in boxes if box.title == name]
    values = found[0].values() if found else {}
    return _UNSAFE.sub("_", _as_text(values[rest[0]])) if rest[0] in values else match.group()


def _date_part(code: str, now: datetime) -> str:
    if code.startswith("y"):
        return {"yyyy": f"{now.year}", "yy": f"{now.year}"[2:]}.get(code, code)
    part = {"M": now.month, "d": now.day, "h": now.hour, "m": now.minute, "s": now.second}[code[0]]
    return f"{part:0{len(code)}}"


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def pick_choices(text: str, dice: random.Random) -> str:
    r"""Return ``text`` without comments and with one of ``a`` and ``b`` for each ``{a|b}``; braces may nest.

    Args:
        text: what was typed; ``\{`` is a brace.
        dice: decides.
    """
    levels = [[""]]  # for each open brace, the options so far
    for token in _TOKEN.findall(_COMMENT.sub("", text)):
        if token == "{":
            levels.append([""])
        elif token == "}" and len(levels) > 1:
            _close(levels, dice)
        elif token == "|" and len(levels) > 1:
            levels[-1].append("")
        else:
            levels[-1][-1] += token
    while len(levels) > 1:
        _close(levels, dice)
    return _ESCAPED.sub(r"\1", levels[0][0])


def without_choices(text: str) -> str:
    r"""Return what to type into a field that has choices, so that ``text`` itself is sent.

    What cannot be typed there, a brace or a bar after a backslash, comes out without its backslash.
    """
    return _OPENS_COMMENT.sub(r"/{\1}", _BRACE.sub(r"\\\g<0>", text))


def _close(levels: list[list[str]], dice: random.Random) -> None:
    chosen = dice.choice(levels.pop())
    levels[-1][-1] += chosen
