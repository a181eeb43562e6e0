"""Saving files of which there are many: each takes the next number, and none takes another's place."""

import filecmp
import os
import re
from collections.abc import Callable
from pathlib import Path

from if_graph.files import part_of
from if_graph.folders import earlier_name, note_name


def save_numbered(folder: Path, target: Path, ending: str, write: Callable[[Path], None]) -> Path:
    """Write a file under a temporary name and give it the next free number.

    A node that is called again, because memory ran out or its run was cut short, saves under the names it
    chose before.

    Args:
        folder: the output folder, which names are told relative to.
        target: folder and start of the name, inside ``folder``.
        ending: of the name, such as ``.png``.
        write: writes the file.

    Returns:
        ``<target>_<number>_<ending>``.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(target.with_name(target.name + ending))
    try:
        write(part)
        return _taken_again(part, folder.resolve()) or _taken_next(part, folder.resolve(), target, ending)
    finally:
        part.unlink(missing_ok=True)


def _taken_again(part: Path, folder: Path) -> Path | None:
    """Take the name of an earlier try, unless another file has taken it since."""
    while (name := earlier_name()) is not None:
        path = folder / name
        if not path.parent.resolve().is_relative_to(folder):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if _take(part, path) or filecmp.cmp(part, path, shallow=False):
            return path
    return None


def _taken_next(part: Path, folder: Path, target: Path, ending: str) -> Path:
    while True:
        path = target.with_name(f"{target.name}_{_next_number(target):05}_{ending}")
        note_name(path.relative_to(folder).as_posix())
        if _take(part, path):
            return path


def _take(part: Path, path: Path) -> bool:
    """Give ``part`` the name ``path``, unless there is such a file; no other process can come between."""
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if path.exists():
            return False
        part.rename(path)
    return True


def _next_number(target: Path) -> int:
    pattern = re.compile(re.escape(target.name) + r"_(\d+)_?\.")
    taken = [int(match[1]) for path in target.parent.iterdir() if (match := pattern.match(path.name))]
    return max(taken, default=0) + 1
