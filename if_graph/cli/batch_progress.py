"""Events of a batch -> lines for a person: jobs done, time left, and what each node is at."""

from typing import TextIO

from if_graph.batch.events import BatchEvent, BatchStarted, JobEnded, JobEvent, Standing
from if_graph.cli.line import Line
from if_graph.graph.events import NodeFinished, NodeProgress, NodeStarted
from if_graph.graph.wording import duration


class BatchLines:
    """Writes what happens, as it happens.

    Args:
        stream: where to; a terminal gets a line that moves, anything else only finished lines.
    """

    def __init__(self, stream: TextIO) -> None:
        self._line = Line(stream)

    def __call__(self, event: BatchEvent) -> None:
        """Take note of an event."""
        if isinstance(event, BatchStarted):
            skipped = f", {event.skipped} are done already" if event.skipped else ""
            self._line.finished(f"{event.standing.total} jobs to do{skipped}")
        elif isinstance(event, JobEnded):
            self._ended(event)
        else:
            self._node(event)

    def _node(self, told: JobEvent) -> None:
        at, event = f"{_place(told.standing)} {told.job_id}:", told.event
        if isinstance(event, NodeStarted):
            self._line.moving(f"{at} {event.label}{_left(told.standing)}")
        elif isinstance(event, NodeProgress):
            step = f"step {event.done}/{event.total}"
            self._line.moving(f"{at} {event.label}: {step}{_left(told.standing)}")
        elif isinstance(event, NodeFinished):
            self._line.finished(f"{at} {event.label}: {duration(event.seconds)}{_left(told.standing)}")

    def _ended(self, event: JobEnded) -> None:
        result = event.result
        text = "done" if result.error is None else f"failed: {result.error}"
        self._line.finished(f"{_place(event.standing)} {result.id}: {text}{_left(event.standing)}")


def _place(standing: Standing) -> str:
    return f"[{standing.ended}/{standing.total} jobs]"


def _left(standing: Standing) -> str:
    if standing.seconds_left is None or standing.ended == standing.total:
        return ""
    return f", {'at least ' if standing.is_least else ''}{duration(standing.seconds_left)} left"
