"""``if-graph serve``: the node editor and ComfyUI's HTTP API, on this machine."""

import argparse
import logging
import secrets
import sys
import webbrowser
from importlib.util import find_spec
from pathlib import Path

from if_graph.cli.backend import add_backend_arguments, backend_of
from if_graph.cli.cache import add_cache_argument, cache_of
from if_graph.cli.host import add_folder_arguments, add_nodes_argument, folders_of
from if_graph.errors import InputError

HOME = Path("server")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--port", type=int, default=8188, help="port (default: 8188; 0 picks a free one)")
    parser.add_argument(
        "--listen",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="address to listen on (default: 127.0.0.1); others can ask only with the token",
    )
    parser.add_argument("--token", help="what clients must show (default where others can ask: a new one)")
    parser.add_argument("--no-browser", action="store_true", help="open no browser")
    parser.add_argument("--api-only", action="store_true", help="serve no editor")
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder for pictures (default: output)")
    add_folder_arguments(parser)
    parser.add_argument(
        "--home",
        metavar="DIR",
        type=Path,
        default=HOME,
        help=f"folder of the queue, settings and saved workflows (default: {HOME})",
    )
    parser.add_argument("--queue-limit", metavar="N", type=int, default=1000, help="runs that may wait")
    add_nodes_argument(parser)
    add_cache_argument(parser)
    add_backend_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    _check(args)
    from if_graph.server.app import Setup
    from if_graph.server.editor import static_folder
    from if_graph.server.guard import is_loopback
    from if_graph.server.packs import load_with_packs
    from if_graph.server.serving import serve

    static = None if args.api_only else static_folder()
    token = args.token or (None if is_loopback(args.listen) else secrets.token_urlsafe(24))
    classes, packs, prompt_server = load_with_packs(args.nodes)
    setup = Setup(
        classes, folders_of(args), args.home, cache_of(args, classes), token, args.queue_limit, static, packs,
        prompt_server,
    )  # fmt: skip
    logging.getLogger("aiohttp.access").setLevel(logging.ERROR)
    with backend_of(args, classes) as setup.backend:
        serve(setup, args.listen, args.port, lambda address: _started(address, args.no_browser or not static))
    return 0


def _check(args: argparse.Namespace) -> None:
    missing = [name for name in ("aiohttp", "prometheus_client", "psutil") if find_spec(name) is None]
    if missing:
        raise InputError(f"{' and '.join(missing)} not installed; run pip install 'if-graph[editor]'")
    if not 0 <= args.port <= 65535:
        raise InputError(f"--port is {args.port}, expected 0 to 65535")
    if args.queue_limit < 1:
        raise InputError(f"--queue-limit is {args.queue_limit}, expected at least 1")


def _started(address: str, is_quiet: bool) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    if not is_quiet:
        webbrowser.open(address)
