"""``seed=1..8`` or ``Stage I.guidance_scale=4,7,10`` -> an axis of a grid."""

import json
import re
from typing import Any

from if_graph.batch.jobs import MOST, Axis
from if_graph.errors import WorkflowError
from if_graph.graph.edits import plain_value, value_of
from if_graph.graph.wording import brief, shown
from if_graph.graph.workflow import Workflow

_RANGE = re.compile(r"(-?\d{1,20})\.\.(-?\d{1,20})")
_EXAMPLE = "for example --sweep seed=1..8 or --sweep guidance=4,7,10"


def read_sweep(workflow: Workflow, text: str) -> Axis:
    """Read one sweep: a target, and values between commas, ranges of whole numbers, or a JSON list.

    Raises:
        WorkflowError: if it is no such thing, or lists a value twice.
    """
    target, equals, listed_values = text.partition("=")
    if not (equals and target.strip()):
        raise WorkflowError(f"--sweep got '{brief(text)}', expected TARGET=VALUES; {_EXAMPLE}")
    try:
        values = _values(workflow, target, listed_values)
    except WorkflowError as error:
        raise WorkflowError(f"--sweep '{brief(text)}': {error}") from error
    return axis_of(target, values)


def axis_of(target: str, values: list[Any]) -> Axis:
    """Return an axis of a grid.

    Raises:
        WorkflowError: if there are no values, or two are the same.
    """
    if not values:
        raise WorkflowError(f"the sweep of '{brief(target)}' has no values; {_EXAMPLE}")
    seen, plain = set(), [plain_value(value, f"the sweep of '{brief(target)}'") for value in values]
    for value in plain:
        form = json.dumps(value, sort_keys=True)
        if form in seen:
            raise WorkflowError(f"the sweep of '{brief(target)}' lists {shown(value)} twice; once will do")
        seen.add(form)
    return Axis(target, tuple(plain))


def _values(workflow: Workflow, target: str, text: str) -> list[Any]:
    if text.lstrip().startswith("["):
        return _json_list(text)
    is_text = value_of(workflow, target, "0") == "0"
    values: list[Any] = []
    for item in (item.strip() for item in text.split(",")) if text else ():
        if not item:
            raise WorkflowError("a value between the commas is empty; leave the comma out")
        span = None if is_text else _RANGE.fullmatch(item)
        values += _span(int(span[1]), int(span[2])) if span else [value_of(workflow, target, item)]
    return values


def _json_list(text: str) -> list[Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WorkflowError(f'its values are not a JSON list: {error}; write ["a cat", "a dog"]') from error
    return list(values)


def _span(first: int, last: int) -> range:
    span = range(first, last + 1) if first <= last else range(first, last - 1, -1)
    if abs(last - first) >= MOST:
        raise WorkflowError(f"the range has {abs(last - first) + 1} values, expected at most {MOST}")
    return span
