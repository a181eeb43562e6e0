"""Words that messages share: which node, what it got, what may have been meant, how long, how large."""

import difflib
import json
from collections.abc import Iterable
from typing import Any

_LONGEST = 60


def shown(value: Any) -> str:
    """Return ``value`` as it would be typed in JSON, cut to a readable length."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def kind_of(value: Any) -> str:
    """Name the JSON type of ``value``."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(
        type(value), "a number" if isinstance(value, int | float) else f"a {type(value).__name__}"
    )


def brief(text: str) -> str:
    """Return a name from a file on one line and at a readable length."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


def listed(names: Iterable[str], most: int = 8) -> str:
    """Return ``'a', 'b', 'c'``, with a count of what was left off."""
    every = [brief(str(name)) for name in names]
    text = ", ".join(f"'{name}'" for name in every[:most])
    return f"{text} and {len(every) - most} more" if len(every) > most else text


def nearest(word: str, known: Iterable[str]) -> str:
    """Suggest the known names closest to ``word``, or list some of them."""
    every = list(dict.fromkeys(str(name) for name in known))
    if not every:
        return "there are none"
    folded = {name.lower(): name for name in every}
    close = difflib.get_close_matches(word.lower()[:100], folded, n=3, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(f"'{brief(folded[name])}'" for name in close)
    return f"known are {listed(every)}"


def duration(seconds: float) -> str:
    """Return a time as a person says it: 4.2 s, 3 min 05 s, 2 h 10 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def size(count: float) -> str:
    """Return a number of bytes as a person says it."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
