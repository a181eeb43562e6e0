"""One run on disk: its workflow, its journal and what its nodes made, until it is finished."""

import json
import logging
import re
import secrets
import shutil
from contextlib import suppress
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from if_graph.errors import WorkflowError
from if_graph.files import sweep_parts
from if_graph.graph.events import Event, RunStarted
from if_graph.graph.journal import SCOPE
from if_graph.graph.journal_file import JournalFile
from if_graph.graph.save import write_text
from if_graph.graph.workflow import Workflow

log = logging.getLogger(__name__)
RECORD, JOURNAL, RESULTS, LOCK = "run.json", "journal.jsonl", "results", "lock"
_NAME = re.compile(r"\d{8}-\d{6}-\d{3}-[0-9a-f]{2}")
KEPT = 20
"""How many unfinished runs an output folder holds; the oldest makes room for one more."""


class RunFolder(JournalFile):
    """A run that goes on where it was when its process ended, however that came about.

    The folder holds ``run.json`` (the workflow), ``journal.jsonl`` and ``results``. There is nothing until
    the run starts, and nothing once it is finished. The process that works on it holds a lock, which ends
    with the process.

    Args:
        path: the folder, in a folder of runs in the output folder; its name identifies the run.
        workflow: what it runs; None for a run that :meth:`take_up` reads.
    """

    def __init__(self, path: Path, workflow: Workflow | None = None) -> None:
        super().__init__(path / JOURNAL, SCOPE + path.name)
        self.path = path
        self._workflow = workflow
        self._was_taken_up = False
        self._made = [each for each in (path.parent.parent, path.parent) if not each.exists()]

    @classmethod
    def new(cls, runs: Path, workflow: Workflow) -> "RunFolder":
        """Return the folder of a new run in ``runs``; nothing is written yet."""
        now = datetime.now(timezone.utc)
        run_id = f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03}-{secrets.token_hex(1)}"
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
        """Whether anything was finished or saved, or somebody has resumed it once."""
        return self._was_taken_up or not self.is_empty

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
            self.read()
            for mark in self.marks:
                sweep_parts(self.path.parent.parent, mark)
            self.open()
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.leave()
            raise WorkflowError(
                f"{self.path} does not hold a run: {error}; start the workflow again"
            ) from error
        return workflow, editor

    def hear(self, event: Event) -> None:
        """Begin with the run, and take note of each finished node."""
        if isinstance(event, RunStarted) and not self.is_open:
            self._begin()
        super().hear(event)

    def leave(self) -> None:
        """Let go of the run; it can be taken up again."""
        self.close()
        self._guard.release()

    def remove(self) -> None:
        """Forget the run, after which it counts as finished."""
        with suppress(OSError):  # nothing may be there
            (self.path / RECORD).unlink()
        self.leave()
        _erase(self.path)
        _tidy(self.path.parent)
        for folder in (self.path.parent, *reversed(self._made)):
            with suppress(OSError):  # not empty
                folder.rmdir()

    @cached_property
    def _guard(self) -> FileLock:
        return FileLock(self.path / LOCK)

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
            self.open()
            write_text(self.path / RECORD, json.dumps(record))
            _tidy(self.path.parent)
        except OSError as error:
            raise WorkflowError(
                f"{self.path.parent.parent} cannot hold the run's folder: {error}; choose another one"
            ) from error


def _erase(folder: Path) -> None:
    """Delete a run, its record first and its lock last: what a kill leaves is then known for remains."""
    for path in sorted(folder.glob("*"), key=lambda path: (path.name == LOCK, path.name != RECORD)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def unfinished_runs(runs: Path) -> list[Path]:
    """Return the folders of unfinished runs, the oldest first."""
    return sorted(record.parent for record in runs.glob(f"*/{RECORD}") if _is_run(record.parent))


def _is_run(folder: Path) -> bool:
    """Tell whether a folder has the name of a run and lies where it seems to."""
    is_linked = folder.is_symlink() or folder.parent.is_symlink()
    return _NAME.fullmatch(folder.name) is not None and not is_linked


def _tidy(runs: Path) -> None:
    """Delete runs of which there are too many, and remains of those killed while they began or ended."""
    unfinished = unfinished_runs(runs)
    for lock in list(runs.glob(f"*/{LOCK}")):
        is_kept = lock.parent in unfinished[-KEPT:] or not _is_run(lock.parent)
        if not is_kept and not RunFolder(lock.parent).is_busy:
            _erase(lock.parent)
