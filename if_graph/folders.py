"""Where files of the current run are read and written, and under which names; the host says, nodes ask."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Folders:
    """The three folders a run may touch.

    Args:
        input: where ``LoadImage`` looks for pictures.
        output: where ``SaveImage`` writes.
        temp: where ``PreviewImage`` writes.
    """

    input: Path = field(default_factory=lambda: Path("input"))
    output: Path = field(default_factory=lambda: Path("output"))
    temp: Path = field(default_factory=lambda: Path(tempfile.gettempdir()) / "if-graph")


SHIPPED = "if_graph_workflows"
"""Package whose folder ``inputs`` holds the pictures that shipped workflows start from."""
_ANNOTATED = re.compile(r"(.*) \[(input|output|temp)\]")


def split_annotation(name: str, folder: str = "input") -> tuple[str, str]:
    """Take ``cat.png [output]`` apart into name and folder; ``folder`` stays where nothing is annotated."""
    found = _ANNOTATED.fullmatch(name)
    return (found[1], found[2]) if found else (name, folder)


def shipped_inputs() -> dict[str, Path]:
    """Return the pictures that come with the workflows by name; none inside ComfyUI or a bare checkout."""
    try:
        folder = Path(str(resources.files(SHIPPED))) / "inputs"
    except ModuleNotFoundError:
        return {}
    return {path.name: path for path in folder.glob("*.png")}


_current: ContextVar[Folders | None] = ContextVar("if_graph_folders", default=None)


def current_folders() -> Folders:
    """Return the folders of the run this code belongs to, or the defaults outside a run."""
    return _current.get() or Folders()


@contextmanager
def using_folders(folders: Folders) -> Iterator[None]:
    """Make ``folders`` the current ones for the enclosed code."""
    token = _current.set(folders)
    try:
        yield
    finally:
        _current.reset(token)


class SavedNames(Protocol):
    """Names of the files that one call of one node saves; a call that is repeated takes them again."""

    def earlier(self) -> str | None:
        """Return the next name that a call cut short had chosen, if any is left."""

    def note(self, name: str) -> None:
        """Take note of a name before there is a file of it."""


_names: ContextVar[SavedNames | None] = ContextVar("if_graph_saved_names", default=None)


def earlier_name() -> str | None:
    """Return the name, relative to its folder, that an earlier try chose for the node's next file.

    Each call gives the next one; None means that the node must choose, and tell by :func:`note_name`.
    """
    names = _names.get()
    return None if names is None else names.earlier()


def note_name(name: str) -> None:
    """Tell the host a file's name, relative to its folder, before the file is there."""
    names = _names.get()
    if names is not None:
        names.note(name)


@contextmanager
def using_names(names: SavedNames) -> Iterator[None]:
    """Answer for the enclosed code's :func:`earlier_name` and :func:`note_name` with ``names``."""
    token = _names.set(names)
    try:
        yield
    finally:
        _names.reset(token)
