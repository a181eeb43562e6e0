"""Events of repeated runs -> seconds of every node and of every step, and what the executor adds."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from if_graph.graph.events import Event, NodeFinished, NodeProgress, NodeStarted, RunFinished


@dataclass
class NodeTimes:
    """What one node took, by run.

    Args:
        label: what to call it.
        class_type: its class.
        runs: seconds of each run.
        firsts: seconds up to each run's first step.
        steps: seconds of every later step of all runs.
    """

    label: str
    class_type: str
    runs: list[float] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)


class Timing:
    """Watches runs, one after the other; give it to the executor as ``on_event``.

    Args:
        clock: seconds from anywhere.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.nodes: dict[str, NodeTimes] = {}
        self.totals: list[float] = []
        self._clock = clock
        self._last = 0.0

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        now = self._clock()
        if isinstance(event, NodeStarted):
            self.nodes.setdefault(event.node_id, NodeTimes(event.label, event.class_type))
            self._last = now
        elif isinstance(event, NodeProgress):
            node = self.nodes[event.node_id]
            (node.firsts if event.done == 1 else node.steps).append(now - self._last)
            self._last = now
        elif isinstance(event, NodeFinished):
            self.nodes[event.node_id].runs.append(event.seconds)
        elif isinstance(event, RunFinished):
            self.totals.append(event.seconds)

    @property
    def added(self) -> list[float]:
        """Seconds of each run that no node accounts for."""
        return [
            total - sum(node.runs[run] for node in self.nodes.values() if run < len(node.runs))
            for run, total in enumerate(self.totals)
        ]


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Write median and range, ``1.234 (1.2..1.3)``; nothing for no values."""
    if not values:
        return ""
    low, middle, high = (
        f"{value:.{digits}f}" for value in (min(values), statistics.median(values), max(values))
    )
    return f"{middle} ({low}..{high})"
