"""Names that a client sends -> paths inside one of the server's folders, and nowhere else."""

import re
from pathlib import Path, PurePosixPath

from if_graph.server.refusals import Refused

_CONTROL = re.compile(r"[\0-\x1f\x7f\\:]")
_LONGEST = 200


def contained(root: Path, *parts: str, hidden: bool = False) -> Path:
    """Return the path below ``root`` that ``parts`` name; symbolic links are followed before it is judged.

    Args:
        root: the folder that nothing may leave.
        parts: names, each of which may hold forward slashes; empty ones are left out.
        hidden: whether names may start with a dot.

    Raises:
        Refused: if the path leads out of ``root``, or no portable file name reads so.
    """
    names = [name for part in parts for name in _names(part, hidden)]
    base = root.resolve()
    try:
        path = base.joinpath(*names).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, half a surrogate pair
        raise Refused(400, "bad_path", "the path cannot be resolved; send a plain name") from error
    if not path.is_relative_to(base):
        raise Refused(403, "bad_path", "the path leads out of its folder; send a name inside it")
    return path


def _names(part: str, hidden: bool) -> list[str]:
    if part.startswith("/") or _CONTROL.search(part):
        raise Refused(403, "bad_path", "a name starts with '/' or holds a character no name may hold")
    names = list(PurePosixPath(part).parts)
    for name in names:
        if name == ".." or (name.startswith(".") and not hidden):
            raise Refused(403, "bad_path", "a name starts with '.'; send a plain name inside the folder")
        if len(name.encode("utf-8", "surrogatepass")) > _LONGEST:
            raise Refused(400, "bad_path", f"a name is longer than {_LONGEST} bytes; shorten it")
    return names
