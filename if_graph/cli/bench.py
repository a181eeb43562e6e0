"""``if-graph bench``: run a workflow several times with nothing kept, and print where the time goes."""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from if_graph import __version__
from if_graph.cli.edits import add_workflow_arguments, edited_workflow
from if_graph.cli.host import add_nodes_argument, classes_of, stop_on_interrupt
from if_graph.cli.info import torch_facts
from if_graph.cli.line import Line
from if_graph.errors import InputError
from if_graph.folders import Folders, using_folders
from if_graph.graph.cache import MemoryCache
from if_graph.graph.executor import Executor
from if_graph.graph.registry import NodeClasses
from if_graph.graph.workflow import Workflow
from if_graph.seeing.timing import NodeTimes, Timing, spread


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_workflow_arguments(parser, default="txt2img")
    add_nodes_argument(parser)
    parser.add_argument("--runs", metavar="N", type=int, default=3, help="runs that count (default: 3)")
    parser.add_argument("--threads", metavar="N", type=int, help="threads of torch (default: torch's choice)")
    parser.add_argument("--json", action="store_true", help="print all figures as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Run once to warm up, then as often as asked, all from the loaders on; pictures are thrown away."""
    for name in ("runs", "threads"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise InputError(f"--{name} is {getattr(args, name)}, expected at least 1")
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    classes = classes_of(args)
    timing, cpu = _timed(edited_workflow(args, classes), classes, args.runs)
    sys.stdout.write(_as_json(timing, cpu) if args.json else _as_table(timing, cpu, args.workflow))
    return 0


def _timed(workflow: Workflow, classes: NodeClasses, runs: int) -> tuple[Timing, list[float]]:
    """Return what the nodes took, and the processor seconds of each run."""
    timing, cpu, line = Timing(), [], Line(sys.stderr)
    with tempfile.TemporaryDirectory() as name, stop_on_interrupt() as stop:
        thrown_away = Folders(Folders().input, Path(name), Path(name))
        for number in range(runs + 1):
            line.moving(f"run {number} of {runs}" if number else "warming up")
            began = time.process_time()
            with using_folders(thrown_away):  # a new cache each time, so that everything is computed again
                Executor(classes, MemoryCache()).run(workflow, on_event=timing if number else None, stop=stop)
            cpu += [time.process_time() - began] if number else []
    line.clear()
    return timing, cpu


def _machine() -> dict[str, Any]:
    return {
        "machine": platform.machine(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        **torch_facts(),
        "if_graph": __version__,
    }


def _as_json(timing: Timing, cpu: list[float]) -> str:
    nodes = {node_id: vars(node) for node_id, node in timing.nodes.items()}
    report = {**_machine(), "runs": timing.totals, "cpu": cpu, "executor": timing.added, "nodes": nodes}
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _as_table(timing: Timing, cpu: list[float], workflow: str) -> str:
    whole = statistics.median(timing.totals)
    machine = ", ".join(f"{name} {value}" for name, value in _machine().items())
    rows = [_row(node, whole) for node in timing.nodes.values()]
    rows.append(f"| executor | | {spread(timing.added, 4)} | | {_share(timing.added, whole)} |")
    rows.append(f"| whole run | | {spread(timing.totals)} | | |")
    rows.append(f"| processor time of it | | {spread(cpu)} | | |")
    title = f"{workflow}, {len(timing.totals)} runs, medians (least..most) in seconds; {machine}\n"
    head = ["| node | class | run | step | share |", "|---|---|---|---|---|"]
    return "\n".join([title, *head, *rows]) + "\n"


def _row(node: NodeTimes, whole: float) -> str:
    return (
        f"| {node.label} | {node.class_type} | {spread(node.runs)} | {spread(node.steps, 4)} "
        f"| {_share(node.runs, whole)} |"
    )


def _share(values: list[float], whole: float) -> str:
    return f"{statistics.median(values) / whole:.1%}"
