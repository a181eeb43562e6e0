"""Where files of the current run are read and written; the host sets it, nodes ask for it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path


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
