"""A batch as it was asked for -> what there is to do, with every job checked and nothing written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from if_graph.batch.files import JobFolder, are_there
from if_graph.batch.jobs import Job, JobTable
from if_graph.batch.record import JobResult, Record
from if_graph.batch.schedule import WAVE, Step, schedule
from if_graph.batch.stretches import Stretch, fingerprint, stretches_of
from if_graph.errors import InputError, WorkflowError
from if_graph.folders import Folders, current_folders, using_folders
from if_graph.graph.dag import build_dag
from if_graph.graph.keys import content_keys
from if_graph.graph.schema import NodeSchema, Schemas
from if_graph.graph.workflow import Workflow


@dataclass(frozen=True)
class Batch:
    """What a batch was asked for.

    Args:
        workflow: what every job runs.
        table: the jobs.
        out: the batch's folder.
        classes: node classes by name.
        resume: whether to go on with what the folder records; without it a folder with records is refused.
        wave: how many jobs are carried through the workflow together.
    """

    workflow: Workflow
    table: JobTable
    out: Path
    classes: Mapping[str, type]
    resume: bool = False
    wave: int = WAVE


@dataclass(frozen=True)
class PlannedJob:
    """A job that is valid and still to be done."""

    job: Job
    folder: JobFolder
    fingerprint: str
    stretches: tuple[Stretch, ...]

    @property
    def folders(self) -> Folders:
        """Where it reads and writes."""
        return replace(current_folders(), output=self.folder.work)


@dataclass(frozen=True)
class Prepared:
    """What is to be done, and what was done before.

    Args:
        batch: what was asked for.
        jobs: those to do.
        steps: how, in order; a step's ``job`` counts ``jobs``.
        finished: results of earlier runs that still hold, by job id.
    """

    batch: Batch
    jobs: tuple[PlannedJob, ...]
    steps: tuple[Step, ...]
    finished: Mapping[str, JobResult]


def prepare(batch: Batch) -> Prepared:
    """Check every job of a batch and decide what to do.

    Raises:
        WorkflowError: if a job cannot run, or the folder is in use for something else.
        InputError: if ``wave`` is no positive number.
    """
    if batch.wave < 1:
        raise InputError(f"a wave of {batch.wave} jobs is none, expected at least 1")
    records = _records(batch)
    schemas = Schemas.of(batch.classes)
    planned = [_planned(job, batch, schemas) for job in batch.table.jobs]
    finished = {one.job.id: records[one.job.id] for one in planned if _is_finished(one, batch, records)}
    jobs = tuple(one for one in planned if one.job.id not in finished)
    steps = schedule([one.stretches for one in jobs], batch.wave)
    return Prepared(batch, jobs, tuple(steps), finished)


def _records(batch: Batch) -> dict[str, JobResult]:
    if batch.out.exists() and not batch.out.is_dir():
        raise WorkflowError(f"{batch.out} is a file, expected a folder for the batch; choose another --out")
    records = Record(batch.out).read()
    if records and not batch.resume:
        raise WorkflowError(
            f"{batch.out} holds the results of {len(records)} jobs; add --resume, or choose another --out"
        )
    return records


def _planned(job: Job, batch: Batch, schemas: Mapping[str, NodeSchema]) -> PlannedJob:
    folder = JobFolder(batch.out, job.id)
    workflow = job.applied(batch.workflow)
    with using_folders(replace(current_folders(), output=folder.work)):
        try:
            graph = build_dag(workflow, batch.classes, None, schemas)
        except WorkflowError as error:
            raise WorkflowError(f"{job.where}: {error}") from error
        keys = content_keys(graph, batch.classes)
    return PlannedJob(job, folder, fingerprint(workflow, graph, keys), stretches_of(graph, keys))


def _is_finished(planned: PlannedJob, batch: Batch, records: Mapping[str, JobResult]) -> bool:
    """Tell whether a job need not be done again; its folder may be written to only if it is this batch's."""
    at, record = planned.job.where, records.get(planned.job.id)
    if record is None:
        if planned.folder.place.exists():
            raise WorkflowError(f"{at}: {planned.folder.place} is there already; choose another --out or id")
        return False
    if record.status != "done":
        return False
    if record.fingerprint != planned.fingerprint:
        raise WorkflowError(
            f"{at} is recorded in {batch.out} as done with another workflow, values or files; "
            "choose another --out or id"
        )
    return are_there(batch.out, record.files)
