"""``if-graph show``: a workflow -> a drawing of it, with what is cached and what a run took."""

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from if_graph.cli.cache import add_cache_argument
from if_graph.cli.edits import add_workflow_arguments, edited_workflow
from if_graph.cli.host import add_folder_arguments, add_nodes_argument, classes_of, folders_of
from if_graph.errors import WorkflowError
from if_graph.folders import using_folders
from if_graph.graph.dag import build_dag
from if_graph.graph.disk_cache import DiskCache
from if_graph.graph.keys import content_keys
from if_graph.graph.registry import NodeClasses
from if_graph.graph.save import write_bytes
from if_graph.graph.schema import Schemas
from if_graph.graph.workflow import Workflow
from if_graph.seeing.costs import Costs, read_costs
from if_graph.seeing.drawing import Drawing, Marks, draw
from if_graph.seeing.png import as_png
from if_graph.seeing.svg import as_svg
from if_graph.seeing.words import as_mermaid, as_text

log = logging.getLogger(__name__)

FORMS: dict[str, Callable[[Drawing], str | bytes]] = {
    "text": as_text,
    "mermaid": as_mermaid,
    "svg": as_svg,
    "png": as_png,
}
_SUFFIXES = {".mmd": "mermaid", ".svg": "svg", ".png": "png"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_workflow_arguments(parser)
    parser.add_argument("--to", choices=FORMS, help="form of the drawing (default: by --out, else text)")
    parser.add_argument("--out", metavar="FILE", type=Path, help="file to write (default: standard output)")
    parser.add_argument(
        "--trace", metavar="FILE", type=Path, help="mark time and memory from a trace of 'run --trace'"
    )
    add_cache_argument(parser)
    add_folder_arguments(parser)
    add_nodes_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Draw the workflow."""
    form = args.to or (_SUFFIXES.get(args.out.suffix.lower(), "text") if args.out else "text")
    _require_target(args, form)
    classes = classes_of(args)
    with using_folders(folders_of(args)):
        workflow = edited_workflow(args, classes)
        marks = Marks(_cached(workflow, classes, args.cache), _costs(workflow, args.trace))
    made = FORMS[form](draw(workflow, Schemas.of(classes), marks))
    data = made if isinstance(made, bytes) else made.encode("utf-8")
    if args.out:
        write_bytes(args.out, data)
    else:
        sys.stdout.write(data.decode("utf-8"))
    return 0


def _require_target(args: argparse.Namespace, form: str) -> None:
    if form == "png" and args.out is None:
        raise WorkflowError("a PNG needs a file; add --out FILE")
    source = Path(args.workflow)
    if args.out and args.out.exists() and source.exists() and args.out.samefile(source):
        raise WorkflowError(f"--out {args.out} is the workflow itself; name another file")


def _cached(workflow: Workflow, classes: NodeClasses, folder: Path | str | None) -> frozenset[str]:
    """Return the nodes whose results lie in a cache folder; a drawing is still of use if that is unknown."""
    if folder is None:
        return frozenset()
    if not Path(folder).is_dir():
        log.warning("there is no cache at %s, so no node is marked as cached", folder)
        return frozenset()
    try:
        keys = content_keys(build_dag(workflow, classes), classes)
    except WorkflowError as error:
        log.warning("no node is marked as cached, because the workflow cannot run: %s", error)
        return frozenset()
    cache = DiskCache(Path(folder))
    try:
        return frozenset(node_id for node_id, key in keys.items() if key is not None and key in cache)
    finally:
        cache.close()


def _costs(workflow: Workflow, path: Path | None) -> Costs:
    costs = read_costs(path) if path else Costs({}, frozenset())
    known = {*costs.ran, *costs.cached}
    if known and not known & workflow.nodes.keys():
        raise WorkflowError(f"{path} is the trace of another workflow; it has none of these nodes")
    return costs
