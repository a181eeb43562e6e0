"""A trace file -> what each node of the run cost, and which were cached."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from if_graph.errors import WorkflowError


@dataclass(frozen=True)
class Cost:
    """What a node took: seconds, and the most bytes held meanwhile (the device's, if it held any)."""

    seconds: float
    memory: int


@dataclass(frozen=True)
class Costs:
    """What is known of a run, by node id."""

    ran: dict[str, Cost]
    cached: frozenset[str]


def read_costs(path: Path) -> Costs:
    """Read a trace that ``if-graph run --trace`` wrote.

    Raises:
        WorkflowError: if it is none.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        ran = {args["node"]: _cost(args) for args in _arguments(data, "node")}
        cached = frozenset(str(args["node"]) for args in _arguments(data, "cached"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WorkflowError(
            f"{path} cannot be read as a trace ({type(error).__name__}: {error}); "
            "write one with 'if-graph run --trace FILE'"
        ) from error
    return Costs(ran, cached)


def _arguments(data: Any, kind: str) -> Iterator[Any]:
    return (event["args"] for event in data["traceEvents"] if event.get("cat") == kind)


def _cost(args: Any) -> Cost:
    seconds, memory = float(args["seconds"]), int(args["device_memory"] or args["process_memory"])
    if not (math.isfinite(seconds) and seconds >= 0 and memory >= 0):
        raise ValueError(f"node {args['node']} took {seconds} s and {memory} bytes")
    return Cost(seconds, memory)
