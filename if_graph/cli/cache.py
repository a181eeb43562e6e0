"""``if-graph cache``: what the results kept on disk take up, whether they are sound, and their removal."""

import argparse
import os
import sys
from pathlib import Path

from if_graph.errors import WorkflowError
from if_graph.graph.cache import MemoryCache, ResultCache, TieredCache
from if_graph.graph.disk_cache import DiskCache
from if_graph.graph.registry import NodeClasses
from if_graph.graph.storable import Codec
from if_graph.graph.wording import size

FOLDER, LIMIT = "IF_GRAPH_CACHE", "IF_GRAPH_CACHE_LIMIT"


def add_cache_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--cache``."""
    parser.add_argument(
        "--cache",
        metavar="DIR",
        type=Path,
        default=os.environ.get(FOLDER) or None,
        help=f"keep results in this folder for later runs (default: {FOLDER}, else none)",
    )


def cache_of(args: argparse.Namespace, classes: NodeClasses) -> ResultCache:
    """Return the cache that the options ask for: memory, with a folder behind it if one is named."""
    memory = MemoryCache()
    if args.cache is None:
        return memory
    # a picture is saved again for each run, which may have another folder
    return TieredCache(memory, DiskCache(Path(args.cache), Codec.of(classes), _limit()), keeps_shown=False)


def _limit() -> int:
    text = os.environ.get(LIMIT, "20")
    try:
        return int(float(text) * 2**30)
    except (ValueError, OverflowError) as error:
        raise WorkflowError(f"{LIMIT} is {text!r}, expected a number of GiB, for example 20") from error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("action", choices=("info", "clear", "verify"), help="what to do")
    add_cache_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Do what was asked and say what was found."""
    if args.cache is None or not Path(args.cache).is_dir():
        raise WorkflowError(f"there is no cache at {args.cache or FOLDER}; name its folder with --cache DIR")
    cache = DiskCache(Path(args.cache), limit=_limit())
    before = cache.info()
    if args.action == "clear":
        cache.clear()
        message = f"cleared {before.entries} results, {size(before.size)}"
    elif args.action == "verify":
        damaged = cache.verify()
        message = (
            f"{before.entries - len(damaged)} results are sound, {len(damaged)} were damaged and dropped"
        )
    else:
        message = f"{before.entries} results, {size(before.size)} of {size(before.limit)}"
    cache.close()
    sys.stdout.write(f"{args.cache}: {message}\n")
    return 0
