"""Rows of a jobs file and axes of a grid -> the list of jobs."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from if_graph.batch.names import fitted, grid_id
from if_graph.errors import WorkflowError
from if_graph.graph.edits import SHORTHANDS, places_of, with_value
from if_graph.graph.wording import brief
from if_graph.graph.workflow import Workflow

MOST = 100_000


@dataclass(frozen=True)
class Job:
    """One run of the workflow.

    Args:
        id: its name, and that of its folder.
        settings: values by target, which is ``NODE.INPUT`` or a shorthand such as ``seed``.
        at: where it comes from, for messages.
    """

    id: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    at: str = "the grid"

    @property
    def where(self) -> str:
        """Name the job in a message."""
        return f"{self.at} (job '{self.id}')" if self.at != "the grid" else f"job '{self.id}'"

    def applied(self, workflow: Workflow) -> Workflow:
        """Return the workflow with this job's settings; what names a node goes over what names none.

        Raises:
            WorkflowError: if one of them fits nowhere.
        """
        for target in sorted(self.settings, key=lambda target: target not in SHORTHANDS):
            try:
                workflow = with_value(workflow, target, self.settings[target])
            except WorkflowError as error:
                raise WorkflowError(f"{self.where}, '{brief(target)}': {error}") from error
        return workflow


@dataclass(frozen=True)
class Axis:
    """Values to be tried, one after the other, for what ``target`` stands for."""

    target: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class JobTable:
    """Jobs in order, the grid's last axis varying fastest; each row of a file spans a whole grid.

    Args:
        jobs: all of them.
        axes: the grid; empty where there is none.
        rows: ids of the file's rows; empty where there is no file.
    """

    jobs: tuple[Job, ...]
    axes: tuple[Axis, ...] = ()
    rows: tuple[str, ...] = ()


def job_table(workflow: Workflow, rows: Sequence[Job], axes: Sequence[Axis]) -> JobTable:
    """Combine the rows of a jobs file with a grid: every row at every place of it.

    Args:
        workflow: the workflow, to see which inputs targets stand for.
        rows: jobs of a file; none for a grid alone.
        axes: the grid; none for a file alone.

    Raises:
        WorkflowError: if there are no jobs or too many, two have one name, or two settings one input.
    """
    if not rows and not axes:
        raise WorkflowError("there are no jobs; give a jobs file, a sweep, or both")
    count = max(len(rows), 1) * math.prod(len(axis.values) for axis in axes)
    if count > MOST:
        raise WorkflowError(f"these are {count} jobs, expected at most {MOST}; split the batch")
    _require_different(workflow, [axis.target for axis in axes], "the grid")
    targets = [axis.target for axis in axes]
    jobs = []
    for row in rows or [Job("")]:
        _require_different(workflow, [*row.settings, *targets], row.where if row.id else row.at)
        for values in itertools.product(*(axis.values for axis in axes)):
            name = ",".join(part for part in (row.id, grid_id(targets, values)) if part)
            settings = {**row.settings, **dict(zip(targets, values, strict=True))}
            jobs.append(Job(fitted(name), settings, row.at))
    _require_names(jobs)
    return JobTable(tuple(jobs), tuple(axes), tuple(row.id for row in rows))


def _require_different(workflow: Workflow, targets: Sequence[str], at: str) -> None:
    """Refuse two targets for one input; a shorthand and a name go together, as with ``run``."""
    taken: dict[object, str] = {}
    for target in targets:
        try:
            place = target if target in SHORTHANDS else places_of(workflow, target)[0]
        except WorkflowError as error:
            raise WorkflowError(f"{at}, '{brief(target)}': {error}") from error
        if place in taken:
            other = brief(taken[place])
            raise WorkflowError(
                f"{at}: '{other}' and '{brief(target)}' set the same input; leave one of them out"
            )
        taken[place] = target


def _require_names(jobs: Sequence[Job]) -> None:
    taken: dict[str, Job] = {}
    for job in jobs:
        other = taken.setdefault(job.id.casefold(), job)  # some file systems know no case
        if other is not job:
            raise WorkflowError(f"{job.where} and {other.where} would share a folder; give each its own id")
