"""The options of a run -> what it needs to be carried out: begun, or taken up where it was cut short."""

import argparse
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from if_graph.cli.cache import cache_of, limit
from if_graph.cli.edits import edited_workflow
from if_graph.cli.host import classes_of, folders_of
from if_graph.errors import Interrupted, NodeError, WorkflowError
from if_graph.folders import Folders
from if_graph.graph.api_format import read_api
from if_graph.graph.cache import ResultCache, TieredCache
from if_graph.graph.disk_cache import DiskCache
from if_graph.graph.registry import NodeClasses
from if_graph.graph.run_folder import RunFolder, unfinished_runs
from if_graph.graph.run_store import RunStore
from if_graph.graph.schema import Schemas
from if_graph.graph.storable import Codec
from if_graph.graph.wording import listed
from if_graph.graph.workflow import Workflow

RUNS = ".runs"
"""Folder in the output folder that holds unfinished runs."""
LATEST = ""


@dataclass(frozen=True)
class Job:
    """A run that is about to begin, or to go on.

    Args:
        workflow: what to run.
        classes: node classes by name.
        folders: where its files are.
        cache: where results are kept, for this run and for others.
        journal: the run on disk.
        store: what the run itself keeps there.
    """

    workflow: Workflow
    classes: NodeClasses
    folders: Folders
    cache: ResultCache
    journal: RunFolder
    store: RunStore


def add_resume_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--resume``."""
    parser.add_argument(
        "--resume",
        metavar="RUN",
        nargs="?",
        const=LATEST,
        help="go on with a run that was interrupted, killed or failed, the latest one if no name is given; "
        "give --out, --input, --nodes and --cache as then",
    )


@contextmanager
def job_of(args: argparse.Namespace, default: str) -> Iterator[Job]:
    """Yield the run that the options ask for; when the enclosed code is done, so is the run.

    If it fails, the run's folder stays, and the error says how to go on, unless nothing was finished.

    Args:
        args: the options of ``if-graph run``.
        default: the workflow that is run if none is named.

    Raises:
        WorkflowError: if there is no such run, or options do not go together.
    """
    classes, folders = classes_of(args), folders_of(args)
    runs = folders.output / RUNS
    if args.resume is None:
        workflow = edited_workflow(args, classes)
        journal = RunFolder.new(runs, workflow)
    else:
        _refuse_changes(args, default)
        journal = RunFolder(_chosen(runs, args.resume))
        workflow = _recorded(journal, classes)
    codec = Codec.of(classes)
    store = RunStore(journal.results, folders, lambda folder: DiskCache(folder, codec, limit()))
    job = Job(workflow, classes, folders, TieredCache(cache_of(args, classes), store), journal, store)
    with _kept_if_cut_short(job, args):
        yield job


@contextmanager
def _kept_if_cut_short(job: Job, args: argparse.Namespace) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        job.store.close()
        if not job.journal.is_worth_resuming:
            job.journal.remove()
            raise
        job.journal.leave()
        if not isinstance(error, Interrupted | NodeError):
            raise
        how = f"{error}; what is done is kept, go on with '{_command(args, job.journal.path.name)}'"
        raise type(error)(how) from error.__cause__
    job.store.close()
    job.journal.remove()


def _refuse_changes(args: argparse.Namespace, default: str) -> None:
    given = [f"--{name}" for name in ("set", "prompt", "seed") if getattr(args, name) not in (None, [])]
    given += [args.workflow] if args.workflow != default else []
    if given:
        raise WorkflowError(
            f"--resume goes on with a run as it was begun, got {listed(given)} as well; "
            "leave that out, or begin another run without --resume"
        )


def _chosen(runs: Path, name: str) -> Path:
    found = unfinished_runs(runs)
    if not found:
        raise WorkflowError(
            f"no run in {runs.parent} is unfinished; name the run's output folder with --out, "
            "or begin one without --resume"
        )
    idle = (path for path in reversed(found) if not RunFolder(path).is_busy)
    chosen = next(idle, found[-1]) if name == LATEST else next((p for p in found if p.name == name), None)
    if chosen is None:
        raise WorkflowError(
            f"no unfinished run in {runs.parent} is called '{name}', expected one of "
            f"{listed(path.name for path in found)}"
        )
    return chosen


def _recorded(journal: RunFolder, classes: NodeClasses) -> Workflow:
    workflow, editor = journal.take_up()
    return read_api(workflow, Schemas.of(classes), editor)


def _command(args: argparse.Namespace, name: str) -> str:
    words = ["if-graph", "run", "--resume", name]
    for option in ("out", "input", "cache"):
        value = getattr(args, option)
        words += [f"--{option}", str(value)] if value is not None else []
    words += [word for pack in args.nodes for word in ("--nodes", str(pack))]
    words += ["--no-cache"] if args.no_cache else []
    return shlex.join(words)
