"""``if-graph cache``: what the results kept on disk take up, whether they are sound, and their removal."""

import argparse
import logging
import os
import sys
from pathlib import Path

from if_graph.errors import WorkflowError
from if_graph.graph.cache import MemoryCache, NodeResult, ResultCache, TieredCache
from if_graph.graph.disk_cache import DiskCache
from if_graph.graph.journal import SCOPE
from if_graph.graph.registry import NodeClasses
from if_graph.graph.shared_cache import SharedCache
from if_graph.graph.storable import Codec
from if_graph.graph.wording import size

FOLDER, LIMIT = "IF_GRAPH_CACHE", "IF_GRAPH_CACHE_LIMIT"
log = logging.getLogger(__name__)


def add_cache_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--cache`` and ``--no-cache``."""
    either = parser.add_mutually_exclusive_group()
    _add_cache(
        either,
        f"keep results for later runs in this folder, or at an address such as s3://bucket/results "
        f"(default: {FOLDER}, else text embeddings only)",
    )
    either.add_argument("--no-cache", action="store_true", help="keep nothing on disk for later runs")


def _add_cache(parser: argparse._ActionsContainer, purpose: str) -> None:
    parser.add_argument(
        "--cache",
        metavar="DIR",
        type=place_of,
        default=os.environ.get(FOLDER) or None,
        help=purpose,
    )


def place_of(text: str) -> Path | str:
    """Return a folder's path, or an address such as ``s3://bucket/results`` as it is."""
    return text if "://" in text else Path(text)


def usual_folder() -> Path:
    """Return the folder in which text embeddings are kept where nothing else is asked for."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "if-graph" / "results"


def cache_of(
    args: argparse.Namespace, classes: NodeClasses, memory: MemoryCache | None = None
) -> ResultCache:
    """Return the cache that the options ask for: memory, with a folder behind it unless they forbid it.

    Without a folder of the user's, only results that consist of objects that node classes offer to store are
    kept, which are text embeddings: small, and dear to make.

    Args:
        args: the options.
        classes: node classes by name.
        memory: the fast tier; a new one if left out.

    Raises:
        WorkflowError: if the folder that is named cannot hold a cache, or the limit is no number.
    """
    memory = memory if memory is not None else MemoryCache()
    codec, size = Codec.of(classes), limit()
    if args.no_cache:
        return memory
    if isinstance(args.cache, str) and "://" in args.cache:
        return TieredCache(memory, SharedCache(args.cache, codec), _is_for_all)
    if args.cache is not None:
        return TieredCache(memory, DiskCache(Path(args.cache), codec, size), _is_for_all)
    try:
        usual = DiskCache(usual_folder(), codec, size)
    except WorkflowError as error:  # nobody asked for it
        log.debug("text embeddings are not kept: %s", error)
        return memory
    return TieredCache(memory, usual, lambda key, made: _is_for_all(key, made) and codec.is_offered(made))


def _is_for_all(key: str, result: NodeResult) -> bool:
    """Tell whether other runs may use a result: a picture is saved by each, which may have another folder."""
    return result.ui is None and not key.startswith(SCOPE)


def limit() -> int:
    """Return the bytes that a folder may hold.

    Raises:
        WorkflowError: if the environment says something else than a number.
    """
    text = os.environ.get(LIMIT, "20")
    try:
        return int(float(text) * 2**30)
    except (ValueError, OverflowError) as error:
        raise WorkflowError(f"{LIMIT} is {text!r}, expected a number of GiB, for example 20") from error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("action", choices=("info", "clear", "verify"), help="what to do")
    _add_cache(parser, f"the folder (default: {FOLDER}, else where text embeddings are kept)")


def run(args: argparse.Namespace) -> int:
    """Do what was asked and say what was found."""
    if "://" in str(args.cache):
        raise WorkflowError(
            f"{args.cache} is an address, expected a folder; use the tools of its file system"
        )
    folder = Path(args.cache or usual_folder())
    if not folder.is_dir():
        raise WorkflowError(f"there is no cache at {folder}; name its folder with --cache DIR")
    cache = DiskCache(folder, limit=limit())
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
    sys.stdout.write(f"{folder}: {message}\n")
    return 0
