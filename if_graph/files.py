"""Files that are whole or not there, written under another name first; folders that one process uses."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from if_graph.errors import InputError

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


@contextmanager
def only_user(folder: Path, lock: str, who: str, advice: str) -> Iterator[None]:
    """Make a folder and keep other processes out of it; where the file system has no locks, go on without.

    Args:
        folder: the folder.
        lock: name of the file in it that is locked, and stays behind.
        who: what uses the folder, for the refusal.
        advice: what to do instead, for the same.

    Raises:
        InputError: if another process has it, or it cannot be written.
    """
    guard = FileLock(folder / lock, timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(NotImplementedError):
            guard.acquire()
    except Timeout:
        raise InputError(f"another {who} uses {folder}; end it, or {advice}") from None
    except OSError as error:
        raise InputError(f"{folder} cannot be used: {error}; {advice}") from error
    try:
        yield
    finally:
        guard.release()
