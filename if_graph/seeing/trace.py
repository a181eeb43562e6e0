"""Events of a run -> a Chrome trace: slices for nodes and their steps, instants for cache hits, memory."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from if_graph.graph.events import (
    Event,
    NodeBlocked,
    NodeCached,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    RunFailed,
    RunFinished,
)
from if_graph.seeing.memory import held, take_peaks

_PLACE = {"pid": 1, "tid": 1}
_MIB = 2**20


@dataclass
class _Open:
    """A node that has begun."""

    event: NodeStarted
    began: float
    mark: float
    peaks: tuple[int, int] = (0, 0)


@dataclass
class Trace:
    """Takes in the events of runs and keeps them as trace events, times in microseconds."""

    events: list[dict[str, Any]] = field(default_factory=list)
    _origin: float = field(default_factory=time.perf_counter)
    _open: dict[str, _Open] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        now = (time.perf_counter() - self._origin) * 1e6
        if isinstance(event, NodeStarted):
            self._fold_peaks()  # what came before belongs to the nodes around this one
            self._open[event.node_id] = _Open(event, now, now)
        elif isinstance(event, NodeProgress):
            self._step(event, now)
        elif isinstance(event, NodeFinished):
            self._end(event.node_id, now, event.seconds)
        elif isinstance(event, NodeCached | NodeBlocked):
            self._instant(event, now)
        elif isinstance(event, RunFailed):
            for node_id in reversed(list(self._open)):
                self._end(node_id, now, failed=str(event.error) or type(event.error).__name__)
        if not isinstance(event, RunFinished):
            self._count_memory(now)

    def text(self) -> str:
        """Return the trace as JSON, which Perfetto and chrome://tracing load."""
        names = {"process_name": "if-graph run", "thread_name": "nodes"}
        heads = [{"ph": "M", "name": kind, "args": {"name": name}, **_PLACE} for kind, name in names.items()]
        whole = {"displayTimeUnit": "ms", "traceEvents": [*heads, *self.events]}
        return json.dumps(whole, ensure_ascii=False) + "\n"

    def _step(self, event: NodeProgress, now: float) -> None:
        opened = self._open[event.node_id]
        self._slice(f"step {event.done}/{event.total}", "step", opened.mark, now, node=event.node_id)
        opened.mark = now

    def _end(self, node_id: str, now: float, seconds: float | None = None, **more: Any) -> None:
        self._fold_peaks()
        opened = self._open.pop(node_id)
        # a node that became a sub-graph ends long after its own call; its steps end within it in any case
        end = now if seconds is None else max(opened.began + seconds * 1e6, opened.mark)
        process, device = opened.peaks
        self._slice(
            opened.event.label, "node", opened.began, end, node=node_id, class_type=opened.event.class_type,
            seconds=(end - opened.began) / 1e6, process_memory=process, device_memory=device, **more,
        )  # fmt: skip

    def _fold_peaks(self) -> None:
        process, device = take_peaks()
        for opened in self._open.values():
            opened.peaks = (max(opened.peaks[0], process), max(opened.peaks[1], device))

    def _slice(self, name: str, kind: str, began: float, end: float, **args: Any) -> None:
        times = {"ts": round(began, 3), "dur": round(end - began, 3)}
        self.events.append({"ph": "X", "name": name, "cat": kind, **times, "args": args, **_PLACE})

    def _instant(self, event: NodeCached | NodeBlocked, now: float) -> None:
        kind = "cached" if isinstance(event, NodeCached) else "blocked"
        args = {"node": event.node_id} | ({"why": event.message} if isinstance(event, NodeBlocked) else {})
        head = {"ph": "i", "s": "t", "name": f"{event.label}: {kind}", "cat": kind}
        self.events.append({**head, "ts": round(now, 3), "args": args, **_PLACE})

    def _count_memory(self, now: float) -> None:
        process, device = held()
        args = {"process": round(process / _MIB, 1), "device": round(device / _MIB, 1)}
        self.events.append({"ph": "C", "name": "memory (MiB)", "ts": round(now, 3), "args": args, **_PLACE})
