"""A journal on disk: a line for each finished node, and one for each file before it is written."""

import json
import logging
from pathlib import Path, PureWindowsPath
from typing import Any

from if_graph.files import part_mark
from if_graph.graph.events import Event, NodeFinished
from if_graph.graph.journal import Journal

log = logging.getLogger(__name__)


class JournalFile(Journal):
    """A journal that outlives its process, whenever that ends.

    Args:
        file: JSON lines; it is made when the journal is opened.
        scope: see :class:`Journal`.
    """

    def __init__(self, file: Path, scope: str | None = None) -> None:
        super().__init__(scope)
        self.file = file
        self.done: set[str] = set()
        self.marks: list[str] = []
        self.is_open = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing was finished and nothing saved."""
        return not (self.done or self._names)

    def read(self) -> None:
        """Take in what an earlier process wrote.

        Raises:
            OSError: if there is no such file.
        """
        for line in self.file.read_text(encoding="utf-8", errors="replace").splitlines():
            self._take_in(line)

    def open(self) -> None:
        """Go on writing, behind what is there.

        Raises:
            OSError: if that cannot be.
        """
        self._opened = self.file.open("ab", buffering=0)
        self.is_open = True
        self._opened.write(b"\n" if self.file.stat().st_size else b"")  # a kill may have left half a line
        self._write({"mark": part_mark()})

    def close(self) -> None:
        """Write no more."""
        if self.is_open:
            self._opened.close()
            self.is_open = False

    def hear(self, event: Event) -> None:
        """Take note of a finished node."""
        if isinstance(event, NodeFinished):
            self.done.add(event.node_id)
            self._write({"node": event.node_id, "done": round(event.seconds, 3)})

    def note_name(self, node_id: str, name: str) -> None:
        """Take note of a file's name before the node writes it."""
        super().note_name(node_id, name)
        self._write({"node": node_id, "saves": name})

    def _write(self, line: dict[str, Any]) -> None:
        try:
            self._opened.write(json.dumps(line).encode() + b"\n")
        except OSError as error:
            log.warning("%s cannot be written, so a resumed run may repeat more: %s", self.file, error)

    def _take_in(self, line: str) -> None:
        try:
            entry = json.loads(line)
        except ValueError:  # half a line
            return
        if not isinstance(entry, dict):
            return
        if "mark" in entry:
            self.marks.append(str(entry["mark"]))
        elif "done" in entry:
            self.done.add(str(entry.get("node")))
        elif "saves" in entry and _is_below(str(entry["saves"])):
            super().note_name(str(entry.get("node")), str(entry["saves"]))


def _is_below(name: str) -> bool:
    """Tell whether a relative name leads nowhere else, on any system."""
    path = PureWindowsPath(name)
    return bool(name) and not path.anchor and ".." not in path.parts
