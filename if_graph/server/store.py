"""The queue and the history, in one SQLite file that outlives the server."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from if_graph.server.refusals import Refused

PENDING, RUNNING, COMPLETED, FAILED, CANCELLED = "pending", "in_progress", "completed", "failed", "cancelled"
WAITING, ENDED = (RUNNING, PENDING), (COMPLETED, FAILED, CANCELLED)
_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, number REAL NOT NULL, status TEXT NOT NULL, created INTEGER NOT NULL,
    started INTEGER, ended INTEGER, record TEXT NOT NULL, shown TEXT NOT NULL DEFAULT '{}',
    messages TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS by_status ON jobs (status, number);
"""
_MILLISECOND = 1000


@dataclass(frozen=True)
class Job:
    """One run that was asked for.

    Args:
        id: a UUID.
        prompt: the workflow in API format.
        outputs: ids of the output nodes to run.
        extra_data: what the client sent along: the drawing, its id.
        number: place in the queue; the smallest is next.
        status: one of this module's words.
        created: milliseconds since 1970, as are the other times.
        started: when it began, if it did.
        ended: when it ended, if it did.
        shown: what output nodes have to show, by id.
        messages: what was told of it: ``[event, data]``.
    """

    id: str
    prompt: Mapping[str, Any]
    outputs: list[str]
    extra_data: Mapping[str, Any] = field(default_factory=dict)
    number: float = 0
    status: str = PENDING
    created: int = 0
    started: int | None = None
    ended: int | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    messages: list[list[Any]] = field(default_factory=list)

    @property
    def client(self) -> str | None:
        """The client that asked for it, if it said who it is."""
        client = self.extra_data.get("client_id")
        return client if isinstance(client, str) else None


class JobStore:
    """Jobs in a file; every method may be called from any thread, and what it did is on disk when it returns.

    Args:
        path: the file; its folder exists.
        limit: how many jobs may wait at once.
    """

    def __init__(self, path: Path, limit: int = 1000) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")  # survives kill -9
        self._database.executescript(_TABLE)
        self._database.execute("UPDATE jobs SET status = ? WHERE status = ?", (PENDING, RUNNING))

    def close(self) -> None:
        """Let go of the file; what was running is pending again."""
        with self._lock:
            self._database.execute("UPDATE jobs SET status = ? WHERE status = ?", (PENDING, RUNNING))
            self._database.close()

    def add(self, job: Job, front: bool = False) -> float:
        """Append a job, or put it in front of all that wait, and return its number.

        Raises:
            Refused: if the queue is full, or there is a job of this id.
        """
        record = json.dumps({"prompt": job.prompt, "outputs": job.outputs, "extra_data": job.extra_data})
        with self._lock:
            waiting = self._database.execute("SELECT COUNT(*) FROM jobs WHERE status = ?", (PENDING,))
            if waiting.fetchone()[0] >= self.limit:
                raise Refused(429, "queue_full", f"{self.limit} runs are waiting; send it again later")
            edge = self._database.execute("SELECT MIN(number), MAX(number) FROM jobs").fetchone()
            number = min(edge[0] or 0, 0) - 1 if front else max(edge[1] or 0, 0) + 1
            row = (job.id, number, PENDING, _now(), record)
            try:
                self._database.execute(
                    "INSERT INTO jobs (id, number, status, created, record) VALUES (?, ?, ?, ?, ?)", row
                )
            except sqlite3.IntegrityError as error:
                raise Refused(400, "invalid_prompt_id", "a run of this prompt_id is known already") from error
        return float(number)

    def take(self) -> Job | None:
        """Return the job whose turn it is, which is running from now on; None where none waits."""
        with self._lock:
            rows = self._database.execute(
                "UPDATE jobs SET status = ?, started = ? WHERE id ="
                " (SELECT id FROM jobs WHERE status = ? ORDER BY number LIMIT 1) RETURNING *",
                (RUNNING, _now(), PENDING),
            ).fetchall()
        return _job(rows[0]) if rows else None

    def finish(self, job: Job, status: str, shown: Mapping[str, Any], messages: list[list[Any]]) -> None:
        """Write down how a job ended."""
        row = (status, _now(), json.dumps(shown), json.dumps(messages), job.id)
        self._run("UPDATE jobs SET status = ?, ended = ?, shown = ?, messages = ? WHERE id = ?", row)

    def put_back(self, job: Job) -> None:
        """Have a job that was stopped with the server wait again; its place is where it was."""
        self._run("UPDATE jobs SET status = ? WHERE id = ?", (PENDING, job.id))

    def find(self, job_id: str) -> Job | None:
        """Return a job, if it is known."""
        found = self._run("SELECT * FROM jobs WHERE id = ?", (job_id,))
        return _job(found[0]) if found else None

    def list(
        self, statuses: Iterable[str], newest_first: bool = False, limit: int = -1, offset: int = 0
    ) -> list[Job]:
        """Return jobs of some statuses, in the order of the queue or by age of their end."""
        wanted = tuple(statuses)
        marks = ", ".join("?" * len(wanted))
        order = "COALESCE(ended, created) DESC, rowid DESC" if newest_first else "number"
        rows = self._run(
            f"SELECT * FROM jobs WHERE status IN ({marks}) ORDER BY {order} LIMIT ? OFFSET ?",
            (*wanted, limit, offset),
        )
        return [_job(row) for row in rows]

    def count(self, statuses: Iterable[str]) -> int:
        """Return how many jobs have one of some statuses."""
        wanted = tuple(statuses)
        marks = ", ".join("?" * len(wanted))
        return int(self._run(f"SELECT COUNT(*) FROM jobs WHERE status IN ({marks})", wanted)[0][0])

    def remove(self, statuses: Iterable[str], ids: Iterable[str] | None = None) -> int:
        """Forget jobs of some statuses, all of them or those with these ids; return how many."""
        wanted = tuple(statuses)
        chosen = {job.id for job in self.list(wanted)} if ids is None else set(ids)
        marks = ", ".join("?" * len(wanted))
        statement = f"DELETE FROM jobs WHERE id = ? AND status IN ({marks}) RETURNING id"
        return sum(len(self._run(statement, (job_id, *wanted))) for job_id in chosen)

    def _run(self, statement: str, values: tuple[Any, ...]) -> Any:
        with self._lock:
            return self._database.execute(statement, values).fetchall()


def _now() -> int:
    return int(time.time() * _MILLISECOND)


def _job(row: tuple[Any, ...]) -> Job:
    job_id, number, status, created, started, ended, record, shown, messages = row
    return Job(
        job_id, **json.loads(record), number=number, status=status, created=created, started=started,
        ended=ended, shown=json.loads(shown), messages=json.loads(messages),
    )  # fmt: skip
