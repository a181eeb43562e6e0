"""Seconds that steps took -> seconds that the rest will take."""

from collections import Counter
from collections.abc import Iterable
from threading import Lock

from if_graph.batch.events import Standing
from if_graph.batch.schedule import Step


class Estimate:
    """Counts jobs and steps; a step is expected to take what those of its column took so far.

    Args:
        steps: what is to be done.
    """

    def __init__(self, steps: Iterable[Step]) -> None:
        steps = list(steps)
        self._mutex = Lock()  # jobs may be done in threads
        self._ahead = Counter(step.column for step in steps)
        self._taken: dict[int, list[float]] = {}
        self._total, self._ended = len({step.job for step in steps}), 0

    def step_over(self, step: Step, seconds: float | None) -> None:
        """Take note that a step is over; ``seconds`` is None if it was skipped."""
        with self._mutex:
            self._ahead[step.column] -= 1
            if seconds is not None:
                self._taken.setdefault(step.column, []).append(seconds)

    def job_over(self) -> None:
        """Take note that a job has ended."""
        self._ended += 1

    @property
    def standing(self) -> Standing:
        """How far it is by now."""
        with self._mutex:
            means = {column: sum(taken) / len(taken) for column, taken in self._taken.items()}
            ahead = [column for column, count in self._ahead.items() if count]
        left = sum(means[column] * self._ahead[column] for column in ahead if column in means)
        is_least = any(column not in means for column in ahead)
        return Standing(self._ended, self._total, left if means else None, is_least)
