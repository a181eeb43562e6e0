"""``--trace``: what happens during a run -> a file that Perfetto and ``if-graph show`` read."""

import argparse
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from if_graph.errors import WorkflowError
from if_graph.graph.events import Event, both
from if_graph.graph.save import write_text
from if_graph.seeing.trace import Trace

log = logging.getLogger(__name__)
Watcher = Callable[[Event], None]


def add_trace_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--trace``."""
    parser.add_argument(
        "--trace",
        metavar="FILE",
        type=Path,
        help="write time and memory of every node and step as a Chrome trace, for Perfetto or 'show --trace'",
    )


@contextmanager
def traced(args: argparse.Namespace, watcher: Watcher | None) -> Iterator[Watcher | None]:
    """Yield a watcher that records too, if the options ask for it; the file is written however the run ends.

    Raises:
        WorkflowError: if the file cannot be written, before anything runs where that can be told.
    """
    if args.trace is None:
        yield watcher
        return
    _require_place(args.trace)
    trace = Trace()

    try:
        yield both(trace, watcher)
    except BaseException:
        _write_what_there_is(trace, args.trace)
        raise
    write_text(args.trace, trace.text())


def _require_place(path: Path) -> None:
    folder = path.parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise WorkflowError(f"--trace: {path} cannot be written; name a file in a folder that can be")


def _write_what_there_is(trace: Trace, path: Path) -> None:
    """Keep the record of a run that failed; of one that never began there is none."""
    try:
        if trace.events:
            write_text(path, trace.text())
    except WorkflowError as error:  # what ended the run matters more
        log.warning("%s", error)
