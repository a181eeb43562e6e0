"""Carries a prepared batch out, step by step; a job that fails is recorded and the rest goes on."""

import time
from collections.abc import Callable
from itertools import chain, repeat

from if_graph.batch.estimate import Estimate
from if_graph.batch.events import BatchEvent, BatchStarted, JobEnded, JobEvent
from if_graph.batch.files import discard_unfinished
from if_graph.batch.memory import BatchCache
from if_graph.batch.names import LOCK
from if_graph.batch.prepare import PlannedJob, Prepared
from if_graph.batch.record import JobResult, Record
from if_graph.batch.schedule import Step
from if_graph.errors import IFGraphError, Interrupted, WorkflowError
from if_graph.files import only_user
from if_graph.folders import using_folders
from if_graph.graph.backends import Backend
from if_graph.graph.cache import MemoryCache, ResultCache
from if_graph.graph.events import Event, NodeFinished, NodeStarted
from if_graph.graph.executor import Executor, Stop, as_function

Watcher = Callable[[BatchEvent], None]


class BatchRun:
    """One run of a batch.

    Args:
        prepared: what to do.
        cache: where results are kept; memory alone if left out.
        backend: where nodes run; this process if left out.
        on_event: hears of everything that happens.
        stop: a flag or a function; once it says so the run ends within one step.
    """

    def __init__(
        self,
        prepared: Prepared,
        cache: ResultCache | None = None,
        backend: Backend | None = None,
        on_event: Watcher | None = None,
        stop: Stop | None = None,
    ) -> None:
        self._prepared, self._batch = prepared, prepared.batch
        self._cache = BatchCache(cache if cache is not None else MemoryCache())
        self._executor = Executor(self._batch.classes, self._cache, backend)
        self._emit = on_event or (lambda _: None)
        self._stopped = as_function(stop)
        self._record = Record(self._batch.out)
        self._estimate = Estimate(prepared.steps)
        self._results = dict(prepared.finished)
        self._seconds = [0.0] * len(prepared.jobs)
        self._hopeless: dict[str, str] = {}  # keys of results that cannot be made, and why

    def carry_out(self) -> list[JobResult]:
        """Do every step and return how each job ended, in the order of the jobs.

        Raises:
            InputError: if the batch's folder cannot be written, or another batch uses it.
            Interrupted: if it was stopped; what had ended by then is recorded.
        """
        with only_user(self._batch.out, LOCK, "batch", "choose another --out"):
            discard_unfinished(self._batch.out)
            self._emit(BatchStarted(self._estimate.standing, len(self._prepared.finished)))
            try:
                self._go_through()
            finally:
                for planned in self._prepared.jobs:
                    planned.folder.discard()
        return [self._results[job.id] for job in self._batch.table.jobs]

    def _go_through(self) -> None:
        steps = self._prepared.steps
        following = chain((step.stretch.uses for step in steps[1:]), repeat(frozenset[str]()))
        for step, then in zip(steps, following, strict=False):
            self._cache.between(step.stretch.uses, then)
            self._step(step)
            self._cache.release(step.lets_go)

    def _step(self, step: Step) -> None:
        planned = self._prepared.jobs[step.job]
        if planned.job.id in self._results:  # it has failed
            self._estimate.step_over(step, None)
            return
        if self._stopped():
            raise Interrupted(f"stopped before job '{planned.job.id}' went on")
        began = time.perf_counter()
        error = self._tried(step, planned)
        seconds = time.perf_counter() - began
        self._seconds[step.job] += seconds
        self._estimate.step_over(step, seconds)
        if error is not None or step.is_last:
            self._end(step.job, planned, error)

    def _tried(self, step: Step, planned: PlannedJob) -> str | None:
        """Do a step; return why it failed, if it did."""
        makes, started = step.stretch.makes, ""
        if known := [self._hopeless[key] for key in makes.values() if key in self._hopeless]:
            return known[0]

        def watch(event: Event) -> None:
            nonlocal started
            if isinstance(event, NodeStarted | NodeFinished):
                started = event.node_id if isinstance(event, NodeStarted) else ""
            self._emit(JobEvent(planned.job.id, event, self._estimate.standing))

        try:
            with using_folders(planned.folders):
                workflow = planned.job.applied(self._batch.workflow)
                executor = self._executor_of(step)
                executor.run(workflow, watch, targets=step.stretch.targets, stop=self._stopped)
        except IFGraphError as error:
            if (key := makes.get(started)) is not None:
                self._hopeless[key] = str(error)
            return str(error)
        return None

    def _executor_of(self, step: Step) -> Executor:
        """Return who runs a step."""
        return self._executor

    def _end(self, number: int, planned: PlannedJob, error: str | None) -> None:
        """Record a job and put its files in their place: a record without them is found out on resuming."""
        job, folder = planned.job, planned.folder
        result = JobResult(
            id=job.id,
            settings=dict(job.settings),
            files=tuple(f"{job.id}/{name.as_posix()}" for name in folder.files()),
            status="done" if error is None else "failed",
            error=error,
            seconds=round(self._seconds[number], 3),
            fingerprint=planned.fingerprint,
        )
        try:
            self._record.append(result)
            folder.publish()
        except OSError as reason:
            raise WorkflowError(
                f"{folder.place} cannot be written: {reason}; make room and resume"
            ) from reason
        self._results[job.id] = result
        self._estimate.job_over()
        self._emit(JobEnded(result, self._estimate.standing))
