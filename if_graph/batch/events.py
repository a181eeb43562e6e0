"""What a batch tells whoever watches it."""

from dataclasses import dataclass

from if_graph.batch.record import JobResult
from if_graph.graph.events import Event


@dataclass(frozen=True)
class Standing:
    """How far a batch is.

    Args:
        ended: jobs done or failed in this run.
        total: jobs of this run.
        seconds_left: what the rest will take, judged by what has been done; None at first.
        is_least: whether kinds of work are ahead that have not been met yet, so that it takes longer.
    """

    ended: int
    total: int
    seconds_left: float | None = None
    is_least: bool = True


@dataclass(frozen=True)
class BatchStarted:
    """Every job is valid and the work begins; ``skipped`` jobs are recorded as done."""

    standing: Standing
    skipped: int


@dataclass(frozen=True)
class JobEvent:
    """Something happened inside of a job."""

    job_id: str
    event: Event
    standing: Standing


@dataclass(frozen=True)
class JobEnded:
    """A job is done or has failed, and that is on disk."""

    result: JobResult
    standing: Standing


BatchEvent = BatchStarted | JobEvent | JobEnded
