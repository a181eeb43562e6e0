"""JSON-like values -> bytes that are equal exactly when type and value are."""

import struct
from collections.abc import Callable
from typing import Any


class Unkeyable(TypeError):  # noqa: N818  it never reaches a user; such a result is just not kept
    """A value that has no canonical form, so nothing computed from it can be found again."""


def canonical(value: Any) -> bytes:
    """Return a type-aware encoding: 1, 1.0, True and "1" all differ, the order of keys does not matter.

    Raises:
        Unkeyable: if the value holds NaN or an object of unknown type.
    """
    out, waiting = bytearray(), [value]
    while waiting:
        item = waiting.pop()
        if encode := _LEAVES.get(type(item)):
            out += encode(item)
        elif isinstance(item, dict):
            keys = sorted(item, key=lambda key: (type(key).__name__, str(key)))
            out += b"d%d;" % len(keys)
            for key in reversed(keys):
                waiting += [item[key], key]
        elif isinstance(item, list | tuple):
            out += b"l%d;" % len(item) if isinstance(item, list) else b"t%d;" % len(item)
            waiting.extend(reversed(item))
        else:
            raise Unkeyable(f"a {type(item).__name__} has no canonical form")
    return bytes(out)


def _float(value: float) -> bytes:
    if value != value:
        raise Unkeyable("NaN equals nothing, not even itself")
    return b"f" + struct.pack("<d", value)


def _text(value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    return b"s%d;%b" % (len(data), data)


_LEAVES: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"n",
    bool: lambda value: b"b1" if value else b"b0",
    int: lambda value: b"i%x;" % value,
    float: _float,
    str: _text,
    bytes: lambda value: b"y%d;%b" % (len(value), value),
}
