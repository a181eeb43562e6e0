"""A constant from a workflow file -> the value a node is called with, coerced and checked as ComfyUI does."""

import math
from collections.abc import Callable
from typing import Any

from if_graph.graph.schema import InputSpec
from if_graph.graph.wording import kind_of, listed, nearest, shown


class Rejected(ValueError):  # noqa: N818  it never reaches a user; the caller adds the node and raises
    """Why a constant cannot be used: what it is, what is expected, what to do."""


def coerced(value: Any, spec: InputSpec) -> Any:
    """Bring a constant to the type of its input.

    Raises:
        Rejected: if it cannot be.
    """
    if spec.is_socket and isinstance(value, str | int | float | list | None):
        raise Rejected(f"got {shown(value)}, expected {spec.kind}; connect an output of type {spec.kind}")
    convert = _CONVERT.get(spec.kind)
    if convert is None:
        return value
    try:
        return convert(value)
    except (ValueError, TypeError, OverflowError):
        raise Rejected(f"got {shown(value)}, expected {_EXPECTED[spec.kind]}") from None


def check_limits(value: Any, spec: InputSpec) -> None:
    """Check a coerced constant against the widget's range or choices.

    Raises:
        Rejected: if it lies outside.
    """
    if spec.kind in ("INT", "FLOAT"):
        _check_range(value, spec)
    elif spec.choices is not None:
        _check_choice(value, spec)


def _check_range(value: Any, spec: InputSpec) -> None:
    low, high = spec.options.get("min"), spec.options.get("max")
    if low is not None and value < low:
        raise Rejected(f"got {shown(value)}, expected at least {shown(low)}; raise it")
    if high is not None and value > high:
        raise Rejected(f"got {shown(value)}, expected at most {shown(high)}; lower it")


def _check_choice(value: Any, spec: InputSpec) -> None:
    choices = spec.choices or ()
    several = isinstance(value, list) and bool(spec.options.get("multiselect"))
    for item in value if several else [value]:
        if item not in choices:
            offer = nearest(str(item), choices) if choices else "the list of choices is empty"
            raise Rejected(f"got {shown(item)}, expected one of {listed(choices) or 'none'}; {offer}")


def _scalar(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        if not isinstance(value, str | int | float):
            raise TypeError(kind_of(value))
        return convert(value)

    return checked


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, str):  # any text but "" would count as true, "false" among it
        raise TypeError(value)
    return bool(value)


_CONVERT = {
    "INT": _scalar(int),
    "FLOAT": _scalar(_finite),
    "STRING": _scalar(str),
    "BOOLEAN": _scalar(_boolean),
}
_EXPECTED = {
    "INT": "INT; give a whole number",
    "FLOAT": "FLOAT; give a finite number",
    "STRING": "STRING; give a text in quotes",
    "BOOLEAN": "BOOLEAN; give true or false",
}
