"""The one thread that runs what is queued, in order."""

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import torch

from if_graph.allocator import hand_back
from if_graph.errors import IFGraphError, Interrupted
from if_graph.folders import Folders, using_folders
from if_graph.graph.api_format import read_api
from if_graph.graph.executor import Executor
from if_graph.graph.schema import Schemas
from if_graph.graph.shortage import make_room
from if_graph.server.journals import Journals
from if_graph.server.report import Report
from if_graph.server.shapes import drawing_of
from if_graph.server.store import WAITING, Job, JobStore

log = logging.getLogger(__name__)


@dataclass
class Worker:
    """Takes jobs from the store until it is stopped.

    Args:
        store: the queue.
        executor: runs workflows.
        folders: where runs read and write.
        journals: remember what a run saved before it was cut short.
        report: returns who tells of a run.
        changed: called when a run begins and when it has ended, with the job and how, if it has.
    """

    store: JobStore
    executor: Executor
    folders: Folders
    journals: Journals
    report: Callable[[Job], Report]
    changed: Callable[[Job, str | None], None]
    _news: threading.Event = field(init=False, default_factory=threading.Event)
    _stopping: threading.Event = field(init=False, default_factory=threading.Event)
    _cancelled: threading.Event = field(init=False, default_factory=threading.Event)
    _running: str | None = field(init=False, default=None)
    _turn: threading.Lock = field(init=False, default_factory=threading.Lock)
    _forget: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._work, name="if-graph worker", daemon=True)

    def start(self) -> None:
        """Begin to take jobs."""
        self.journals.keep_only({job.id for job in self.store.list(WAITING)})
        self._thread.start()

    def stop(self) -> None:
        """End within one step; what was running waits for the next start."""
        self._stopping.set()
        self._cancelled.set()
        self._news.set()
        self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether jobs are being taken."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Have it look for a job."""
        self._news.set()

    def interrupt(self, job_id: str | None = None) -> bool:
        """Stop what is running within one step, if it is the job named; tell whether it was."""
        with self._turn:  # between the look and the flag no other run may begin
            if self._running is None or job_id not in (None, self._running):
                return False
            self._cancelled.set()
        return True

    def free_memory(self) -> None:
        """Drop what earlier runs left in memory, networks included, before the next one begins."""
        self._forget = True
        self._news.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._news.clear()  # before looking: what comes after the look sets it again
            if self._forget:
                self._free()
            job = self._next()
            if job is None:
                self._news.wait()
            else:
                self._carry_out(job)

    def _free(self) -> None:
        self._forget = False
        make_room(self.executor.cache, ())
        hand_back(torch.device("cpu"))

    def _next(self) -> Job | None:
        """Take a job; whoever wants to stop it finds it waiting or running, and nothing between."""
        with self._turn:
            job = self.store.take()
            if job is not None:
                self._cancelled.clear()
                self._running = job.id
            if self._stopping.is_set():
                self._cancelled.set()
        return job

    def _carry_out(self, job: Job) -> None:
        report = self.report(job)
        self.changed(job, None)
        error = self._error_of(job, report)
        with self._turn:
            self._running = None
        if isinstance(error, Interrupted) and self._stopping.is_set():
            self.store.put_back(job)
            return
        status = report.end(error)
        self.store.finish(job, status, report.shown, report.messages)
        self.journals.forget(job.id)
        self.changed(job, status)
        report.close()

    def _error_of(self, job: Job, report: Report) -> BaseException | None:
        report.begin()
        try:
            with using_folders(self.folders):
                self._run(job, report)
        except Interrupted as error:
            return error
        except Exception as error:  # whatever a run dies of, the next one has its turn
            if not isinstance(error, IFGraphError):
                log.exception("run %s failed", job.id)
            return error
        return None

    def _run(self, job: Job, report: Report) -> None:
        workflow = read_api(dict(job.prompt), Schemas.of(self.executor.classes))
        extra: Any = drawing_of(job.extra_data)
        with closing(self.journals.open(job.id)) as journal:
            self.executor.run(workflow, report.hear, extra, job.outputs, self._cancelled, journal)
