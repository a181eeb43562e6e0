"""What commands that touch a workflow share: folders from options, Ctrl-C as a request to stop."""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from if_graph.folders import Folders
from if_graph.graph import registry


def add_folder_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--input``."""
    parser.add_argument(
        "--input", metavar="DIR", type=Path, help="folder that LoadImage reads (default: input)"
    )


def folders_of(args: argparse.Namespace) -> Folders:
    """Return the folders that the options name, or the usual ones."""
    usual = Folders()
    return Folders(args.input or usual.input, getattr(args, "out", None) or usual.output, usual.temp)


def add_nodes_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--nodes``."""
    parser.add_argument(
        "--nodes",
        metavar="PATH",
        action="append",
        default=[],
        help="folder of another node pack to load, as ComfyUI would; may be repeated",
    )


def classes_of(args: argparse.Namespace) -> registry.NodeClasses:
    """Return the installed node classes and those of the packs that the options name."""
    return registry.load_node_classes(args.nodes)


@contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """Yield a flag that the first Ctrl-C sets; the second ends the program at once, whatever it is doing."""
    flag = threading.Event()

    def handle(_signal: int, _frame: FrameType | None) -> None:
        flag.set()
        # The system's own handler needs no Python, which a long call into a library may keep waiting.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        sys.stderr.write("\nif-graph: stopping after this step; press Ctrl-C again to stop at once\n")

    if threading.current_thread() is not threading.main_thread():  # only the main thread may handle signals
        yield flag
        return
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)
