"""``if-graph run``: a workflow -> its pictures on disk."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from if_graph.cli.cache import add_cache_argument, cache_of
from if_graph.cli.edits import add_workflow_arguments, edited_workflow
from if_graph.cli.host import (
    add_folder_arguments,
    add_nodes_argument,
    classes_of,
    folders_of,
    stop_on_interrupt,
)
from if_graph.cli.progress import ProgressLines
from if_graph.cli.trace import add_trace_argument, traced
from if_graph.folders import Folders, using_folders
from if_graph.graph.executor import Executor
from if_graph.graph.results import RunResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_workflow_arguments(parser, default="txt2img")
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder for pictures (default: output)")
    add_folder_arguments(parser)
    add_nodes_argument(parser)
    add_cache_argument(parser)
    add_trace_argument(parser)
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def run(args: argparse.Namespace) -> int:
    """Run the workflow and print the paths of the saved pictures."""
    classes, folders = classes_of(args), folders_of(args)
    began = time.monotonic()
    with using_folders(folders), stop_on_interrupt() as stop:
        workflow = edited_workflow(args, classes)
        watcher = None if args.quiet else ProgressLines(sys.stderr)
        with traced(args, watcher) as on_event:
            result = Executor(classes, cache_of(args, classes)).run(workflow, on_event=on_event, stop=stop)
    paths = saved_files(result, folders)
    sys.stdout.write(_as_json(result, paths, began) if args.json else "".join(f"{path}\n" for path in paths))
    return 0


def saved_files(result: RunResult, folders: Folders) -> list[Path]:
    """Return the paths of all pictures that output nodes saved, in the order of the workflow."""
    shown = [image for ui in result.ui.values() for image in ui.get("images", []) if isinstance(image, dict)]
    return [_path(image, folders) for image in shown if image.get("type") == "output"]


def _path(image: dict[str, Any], folders: Folders) -> Path:
    return folders.output / str(image.get("subfolder", "")) / str(image["filename"])


def _as_json(result: RunResult, paths: list[Path], began: float) -> str:
    report = {
        "images": [str(path) for path in paths],
        "executed": result.executed,
        "cached": result.cached,
        "seconds": round(time.monotonic() - began, 3),
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"
