"""``if-graph run``: a workflow -> its pictures on disk."""

import argparse
import json
import sys
import time
from pathlib import Path

from if_graph.cli.backend import add_backend_arguments, backend_of
from if_graph.cli.cache import add_cache_argument
from if_graph.cli.edits import add_workflow_arguments
from if_graph.cli.host import add_folder_arguments, add_nodes_argument, folders_of, stop_on_interrupt
from if_graph.cli.progress import ProgressLines
from if_graph.cli.resume import add_resume_argument, job_of
from if_graph.cli.trace import add_trace_argument, traced
from if_graph.folders import Folders, using_folders
from if_graph.graph.executor import Executor
from if_graph.graph.results import RunResult
from if_graph.graph.run_store import file_of, shown_files

DEFAULT = "txt2img"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_workflow_arguments(parser, default=DEFAULT)
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder for pictures (default: output)")
    add_folder_arguments(parser)
    add_nodes_argument(parser)
    add_cache_argument(parser)
    add_backend_arguments(parser)
    add_resume_argument(parser)
    add_trace_argument(parser)
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def run(args: argparse.Namespace) -> int:
    """Run the workflow and print the paths of the saved pictures."""
    began = time.monotonic()
    with using_folders(folders_of(args)), stop_on_interrupt() as stop, job_of(args, DEFAULT) as job:
        watcher = None if args.quiet else ProgressLines(sys.stderr)
        with backend_of(args, job.classes) as backend, traced(args, watcher) as on_event:
            executor = Executor(job.classes, job.cache, backend)
            result = executor.run(job.workflow, on_event=on_event, stop=stop, journal=job.journal)
    paths = saved_files(result, job.folders)
    sys.stdout.write(_as_json(result, paths, began) if args.json else "".join(f"{path}\n" for path in paths))
    return 0


def saved_files(result: RunResult, folders: Folders) -> list[Path]:
    """Return the paths of all pictures that output nodes saved, in the order of the workflow."""
    shown = [one for ui in result.ui.values() for one in shown_files(ui) if one.get("type") == "output"]
    return [file_of(one, folders.output) for one in shown]


def _as_json(result: RunResult, paths: list[Path], began: float) -> str:
    report = {
        "images": [str(path) for path in paths],
        "executed": result.executed,
        "cached": result.cached,
        "seconds": round(time.monotonic() - began, 3),
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"
