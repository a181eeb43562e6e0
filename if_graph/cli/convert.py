"""``if-graph convert``: a workflow -> the same workflow in the other format."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from if_graph.cli.host import add_nodes_argument, classes_of
from if_graph.errors import WorkflowError
from if_graph.graph.load import load_workflow
from if_graph.graph.save import FORMATS, as_text, write_text
from if_graph.graph.workflow import expect_object


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "source", metavar="IN", help="JSON, PNG or WebP file, or the name of a shipped workflow"
    )
    parser.add_argument("target", metavar="OUT", help="JSON file to write, or - for standard output")
    parser.add_argument(
        "--to",
        choices=FORMATS,
        required=True,
        help="the format that servers run, or that editors draw",
    )
    parser.add_argument(
        "--object-info",
        metavar="FILE",
        type=Path,
        help="ComfyUI's /object_info, for classes that are not installed",
    )
    add_nodes_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Convert the workflow and write it."""
    info = _object_info(args.object_info) if args.object_info else None
    workflow = load_workflow(args.source, classes_of(args), info)
    text = as_text(workflow, args.to)
    if args.target == "-":
        sys.stdout.write(text)
    else:
        write_text(Path(args.target), text)
    return 0


def _object_info(path: Path) -> dict[str, Any]:
    try:
        return expect_object(json.loads(path.read_text(encoding="utf-8")), f"{path}")
    except (OSError, ValueError, RecursionError) as error:
        raise WorkflowError(f"{path} cannot be read: {error}; save ComfyUI's /object_info again") from error
