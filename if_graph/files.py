"""Files that are whole or not there: written under a temporary name beside their own, then renamed."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MARK = re.compile(r"\.\d+-[0-9a-f]{6}\.part")
_TOKEN = secrets.token_hex(3)  # process ids repeat, above all where containers share a folder


def part_mark() -> str:
    """Return what the names of all unfinished files of this process end in."""
    return f".{os.getpid()}-{_TOKEN}.part"


def part_of(path: Path) -> Path:
    """Return the temporary name under which this process writes ``path``."""
    return path.with_name(f".{path.name}{part_mark()}")


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """Yield a name to write to; the file becomes ``path`` at the end, and goes away if the writing failed.

    Args:
        path: the file, which is replaced if it is there; its folder exists.
    """
    part = part_of(path)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def sweep_parts(folder: Path, mark: str) -> None:
    """Remove every file below ``folder`` that a process left unfinished when it was killed.

    Args:
        folder: where to look, at any depth.
        mark: what :func:`part_mark` returned there; anything else is ignored.
    """
    for path in folder.rglob(f".*{mark}") if _MARK.fullmatch(mark) else ():
        path.unlink(missing_ok=True)
