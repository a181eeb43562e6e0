"""One workflow, many settings: jobs from a file or a grid, run with what they share made once."""

from if_graph.batch.jobs import Job as Job
from if_graph.batch.record import JobResult as JobResult

__all__ = ["Job", "JobResult"]
