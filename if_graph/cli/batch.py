"""``if-graph batch``: a workflow and many settings -> a folder of pictures for each, and a contact sheet."""

import argparse
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from if_graph.batch.jobs import JobTable, job_table
from if_graph.batch.jobs_file import read_jobs
from if_graph.batch.names import RECORD
from if_graph.batch.prepare import Batch, Prepared, prepare
from if_graph.batch.record import JobResult
from if_graph.batch.run import BatchRun, Watcher
from if_graph.batch.schedule import WAVE
from if_graph.batch.sheet import write_sheet
from if_graph.batch.streams import StreamedBatchRun
from if_graph.batch.sweep import read_sweep
from if_graph.cli.backend import add_backend_arguments, backend_of
from if_graph.cli.batch_progress import BatchLines
from if_graph.cli.cache import add_cache_argument, cache_of
from if_graph.cli.edits import add_workflow_arguments, edited_workflow
from if_graph.cli.exits import SOME_FAILED
from if_graph.cli.host import (
    add_folder_arguments,
    add_nodes_argument,
    classes_of,
    folders_of,
    stop_on_interrupt,
)
from if_graph.errors import Interrupted
from if_graph.folders import using_folders
from if_graph.graph.cache import MemoryCache
from if_graph.graph.registry import NodeClasses
from if_graph.graph.workflow import Workflow

if TYPE_CHECKING:
    from if_graph.cluster.backend import RayBackend


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_workflow_arguments(parser)
    parser.add_argument(
        "jobs", metavar="JOBS", nargs="?", type=Path,
        help="a .jsonl or .csv file with a job per line and a column per NODE.INPUT, 'prompt', 'seed' or "
        "'guidance'; a column 'id' names the jobs",
    )  # fmt: skip
    parser.add_argument(
        "--sweep", metavar="TARGET=VALUES", action="append", default=[],
        help="try each of these values, such as seed=1..8 or 'Stage I.guidance_scale=4,7,10'; several make a "
        "grid, and with a jobs file every job is done at every place of it",
    )  # fmt: skip
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True,
        help=f"folder for {RECORD}, the contact sheet and a folder per job",
    )  # fmt: skip
    parser.add_argument(
        "--resume", action="store_true", help="go on in DIR: jobs recorded there as done are not done again"
    )
    parser.add_argument(
        "--wave", metavar="N", type=int, default=WAVE,
        help="jobs carried through the workflow together; fewer hold less unfinished work, more load models "
        f"less often where not all of them fit in memory (default: {WAVE})",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="check and list the jobs, run nothing")
    add_folder_arguments(parser)
    add_nodes_argument(parser)
    add_cache_argument(parser)
    add_backend_arguments(parser)
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(args: argparse.Namespace) -> int:
    """Run every job and print where the results and the contact sheet are."""
    classes = classes_of(args)
    with using_folders(folders_of(args)), stop_on_interrupt() as stop:
        workflow = edited_workflow(args, classes)
        table = _table(args, workflow)
        prepared = prepare(Batch(workflow, table, args.out, classes, args.resume, args.wave))
        if args.dry_run:
            sys.stdout.write("".join(f"{planned.job.id}\n" for planned in prepared.jobs))
            return 0
        watcher = None if args.quiet else BatchLines(sys.stderr)
        try:
            with backend_of(args, classes) as backend:
                results = _carrier(args, classes, prepared, backend, watcher, stop).carry_out()
        except Interrupted as error:
            raise Interrupted(f"{error}; go on with the same command and --resume") from error
        sheet = write_sheet(args.out, table, results)
    return _report(results, [args.out / RECORD, *([sheet] if sheet else [])])


def _carrier(
    args: argparse.Namespace,
    classes: NodeClasses,
    prepared: Prepared,
    backend: "RayBackend | None",
    watcher: Watcher | None,
    stop: threading.Event,
) -> BatchRun:
    memory = MemoryCache()
    cache = cache_of(args, classes, memory)
    if backend is None:
        return BatchRun(prepared, cache, on_event=watcher, stop=stop)
    return StreamedBatchRun(prepared, cache, memory, backend, backend.width, watcher, stop)


def _table(args: argparse.Namespace, workflow: Workflow) -> JobTable:
    axes = [read_sweep(workflow, text) for text in args.sweep]
    return job_table(workflow, read_jobs(args.jobs, workflow) if args.jobs else [], axes)


def _report(results: Sequence[JobResult], paths: Sequence[Path]) -> int:
    sys.stdout.write("".join(f"{path}\n" for path in paths))
    failed = [result for result in results if result.status == "failed"]
    if not failed:
        return 0
    sys.stderr.write(
        f"if-graph: {len(failed)} of {len(results)} jobs failed, the first is '{failed[0].id}': "
        f"{failed[0].error}; try them again with --resume\n"
    )
    return SOME_FAILED
