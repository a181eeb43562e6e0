"""One run on disk: its workflow, its journal and what its nodes made, until it is finished."""

import json
import logging
import secrets
import shutil
import time
from contextlib import suppress
from functools import cached_property
from pathlib import Path, PureWindowsPath
from typing import Any

from filelock import FileLock, Timeout

from if_graph.errors import WorkflowError
from if_graph.files import part_mark, sweep_parts
from if_graph.graph.events import Event, NodeFinished, RunStarted
from if_graph.graph.journal import SCOPE, Journal
from if_graph.graph.save import write_text
from if_graph.graph.workflow import Workflow

log = logging.getLogger(__name__)
RECORD, JOURNAL, RESULTS = "run.json", "journal.jsonl", "results"


class RunFolder(Journal):
    """A run that goes on where it was when its process ended, however that came about.

    The folder holds ``run.json`` (the workflow), ``journal.jsonl`` (a line for each finished node, and one
    for each file before it is written) and ``results``. There is nothing until the run starts, and nothing
    once it is finished. The process that works on it holds a lock, which ends with the process.

    Args:
        path: the folder; its name identifies the run.
        workflow: what it runs; None for a run that :meth:`take_up` reads.
    """

    def __init__(self, path: Path, workflow: Workflow | None = None) -> None:
        super().__init__(SCOPE + path.name)
        self.path = path
        self.done: set[str] = set()
        self._marks: list[str] = []
        self._workflow = workflow
        self._is_open = self._was_taken_up = False
        self._made = [each for each in (path.parent.parent, path.parent) if not each.exists()]

    @classmethod
    def new(cls, runs: Path, workflow: Workflow) -> "RunFolder":
        """Return the folder of a new run in ``runs``; nothing is written yet."""
        run_id = time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + secrets.token_hex(2)
        return cls(runs / run_id, workflow)

    @property
    def results(self) -> Path:
        """Where what the nodes made is kept."""
        return self.path / RESULTS

    @property
    def is_busy(self) -> bool:
        """Whether another process works on it."""
        is_free = self._lock()
        self._guard.release()
        return not is_free

    @property
    def is_worth_resuming(self) -> bool:
        """Whether anything was finished or saved, or a user has asked for it once."""
        return bool(self.done or self._names or self._was_taken_up)

    def take_up(self) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Lock the run, clear up after it, and return its workflow in API format, and as it was drawn.

        Raises:
            WorkflowError: if another process works on it, or the folder does not hold a run.
        """
        if not self._lock():
            raise WorkflowError(
                f"run {self.path.name} is still going on in another process; wait, or end that first"
            )
        self._was_taken_up = True
        try:
            record = json.loads((self.path / RECORD).read_text(encoding="utf-8"))
            workflow, editor = dict(record["workflow"]), record["editor"]
            for line in (self.path / JOURNAL).read_text(encoding="utf-8", errors="replace").splitlines():
                self._read(line)
            for mark in self._marks:
                sweep_parts(self.path.parent.parent, mark)
            self._open()
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.leave()
            raise WorkflowError(
                f"{self.path} does not hold a run: {error}; start the workflow again"
            ) from error
        return workflow, editor

    def hear(self, event: Event) -> None:
        """Begin with the run, and take note of each finished node."""
        if isinstance(event, RunStarted) and not self._is_open:
            self._begin()
        elif isinstance(event, NodeFinished):
            self.done.add(event.node_id)
            self._note({"node": event.node_id, "done": round(event.seconds, 3)})

    def note_name(self, node_id: str, name: str) -> None:
        """Take note of a file's name before the node writes it."""
        super().note_name(node_id, name)
        self._note({"node": node_id, "saves": name})

    def leave(self) -> None:
        """Let go of the run; it can be taken up again."""
        if self._is_open:
            self._file.close()
            self._is_open = False
        self._guard.release()

    def remove(self) -> None:
        """Forget the run, after which it counts as finished."""
        with suppress(OSError):  # nothing may be there
            (self.path / RECORD).unlink()  # first: a folder without it is no run, only rubbish
        self.leave()
        shutil.rmtree(self.path, ignore_errors=True)
        for folder in reversed(self._made):
            with suppress(OSError):  # not empty
                folder.rmdir()
        with suppress(OSError):
            self.path.parent.rmdir()

    @cached_property
    def _guard(self) -> FileLock:
        return FileLock(self.path / "lock")

    def _lock(self) -> bool:
        try:
            self._guard.acquire(timeout=0)
        except (Timeout, OSError):
            return False
        except NotImplementedError:  # a file system without locks
            log.debug("%s cannot be locked", self.path)
        return True

    def _begin(self) -> None:
        assert self._workflow is not None  # only a run that was taken up has none, and that is open
        record = {"workflow": self._workflow.to_api(), "editor": self._workflow.editor}
        try:
            self.path.mkdir(parents=True)
            self._lock()
            (self.path / JOURNAL).touch()
            write_text(self.path / RECORD, json.dumps(record))
            self._open()
        except OSError as error:
            raise WorkflowError(
                f"{self.path.parent.parent} cannot hold the run's folder: {error}; choose another one"
            ) from error

    def _open(self) -> None:
        path = self.path / JOURNAL
        self._file = path.open("ab", buffering=0)
        self._is_open = True
        self._file.write(b"\n" if path.stat().st_size else b"")  # a kill may have left half a line
        self._note({"mark": part_mark()})

    def _note(self, line: dict[str, Any]) -> None:
        try:
            self._file.write(json.dumps(line).encode() + b"\n")
        except OSError as error:
            log.warning("%s cannot be written, so a resumed run may repeat more: %s", self._file.name, error)

    def _read(self, line: str) -> None:
        try:
            entry = json.loads(line)
        except ValueError:  # half a line
            return
        if not isinstance(entry, dict):
            return
        if "done" in entry:
            self.done.add(str(entry["node"]))
        elif "saves" in entry and _is_below(str(entry["saves"])):
            super().note_name(str(entry["node"]), str(entry["saves"]))
        elif "mark" in entry:
            self._marks.append(str(entry["mark"]))


def _is_below(name: str) -> bool:
    """Tell whether a name leads nowhere else, on any system."""
    path = PureWindowsPath(name)
    return bool(name) and not path.anchor and ".." not in path.parts
