"""``results.jsonl``: a line for each job that ended, which a later run of the batch goes on from."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from if_graph.batch.names import RECORD
from if_graph.errors import WorkflowError


@dataclass(frozen=True)
class JobResult:
    """How a job ended.

    Args:
        id: the job's.
        settings: its values by target.
        files: what it wrote, below the batch's folder, in order.
        status: ``done`` or ``failed``.
        error: the reason, if it failed.
        seconds: time spent on it; what jobs share counts for the first of them.
        fingerprint: digest of what its pictures depend on.
    """

    id: str
    settings: Mapping[str, Any]
    files: tuple[str, ...]
    status: Literal["done", "failed"]
    error: str | None
    seconds: float
    fingerprint: str


class Record:
    """The results of one batch on disk.

    Args:
        folder: the batch's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / RECORD

    def read(self) -> dict[str, JobResult]:
        """Return the last result of each job, by id; a last line cut short by a kill is left out.

        Raises:
            WorkflowError: if the file cannot be read or a line of it is something else.
        """
        try:
            lines = self.path.read_text(encoding="utf-8").split("\n")[:-1]
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise WorkflowError(f"{self.path} cannot be read: {error}; choose another --out") from error
        results = [self._parsed(text, line) for line, text in enumerate(lines, 1) if text]
        return {result.id: result for result in results}

    def append(self, result: JobResult) -> None:
        """Write one line and wait until it is on disk.

        Raises:
            WorkflowError: if it cannot be written.
        """
        line = json.dumps(asdict(result), ensure_ascii=False) + "\n"
        try:
            self._drop_torn_line()
            with self.path.open("ab", buffering=0) as file:
                file.write(line.encode("utf-8", "backslashreplace"))
                os.fsync(file.fileno())
        except OSError as error:
            raise WorkflowError(f"{self.path} cannot be written: {error}; make room and resume") from error

    def _drop_torn_line(self) -> None:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return
        with self.path.open("rb+") as file:
            file.seek(-1, os.SEEK_END)
            if file.read() != b"\n":
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)

    def _parsed(self, text: str, line: int) -> JobResult:
        try:
            data = json.loads(text)
            result = JobResult(**{**data, "files": tuple(data["files"])})
            if not all(isinstance(name, str) for name in (result.id, result.fingerprint, *result.files)):
                raise TypeError("an id, a fingerprint or a file is no text")
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise WorkflowError(
                f"{self.path} line {line} is no job's result ({error}); restore it or choose another --out"
            ) from error
        return result
