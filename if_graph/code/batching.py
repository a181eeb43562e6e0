"""Jobs as Python values -> a batch on disk; the library's side of ``if-graph batch``."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from if_graph.batch.jobs import job_table
from if_graph.batch.jobs_file import job_of
from if_graph.batch.prepare import Batch, prepare
from if_graph.batch.record import JobResult
from if_graph.batch.run import BatchRun, Watcher
from if_graph.batch.sheet import write_sheet
from if_graph.batch.sweep import axis_of
from if_graph.graph.executor import Executor, Stop
from if_graph.graph.workflow import Workflow

Rows = Iterable[Mapping[str, Any]]
Grid = Mapping[str, Sequence[Any]]


def run_batch(
    workflow: Workflow,
    executor: Executor,
    out: Path,
    rows: Rows = (),
    grid: Grid | None = None,
    resume: bool = False,
    on_event: Watcher | None = None,
    stop: Stop | None = None,
) -> list[JobResult]:
    """Run a workflow with many settings and write the contact sheet; see :meth:`if_graph.code.Graph.batch`.

    Args:
        workflow: what every job runs.
        executor: whose classes, cache and backend are used.
        out: the batch's folder.
        rows: settings of each job by target.
        grid: values to try by target.
        resume: whether to go on with what the folder records.
        on_event: hears of everything that happens.
        stop: a flag or a function.
    """
    jobs = [job_of(f"job number {place}", row, place) for place, row in enumerate(rows, 1)]
    axes = [axis_of(target, list(values)) for target, values in (grid or {}).items()]
    table = job_table(workflow, jobs, axes)
    prepared = prepare(Batch(workflow, table, out, executor.classes, resume))
    results = BatchRun(prepared, executor.cache, executor.backend, on_event, stop).carry_out()
    write_sheet(out, table, results)
    return results
