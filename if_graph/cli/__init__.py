"""The ``if-graph`` command: one thin module per sub-command, loaded when it is asked for."""

import argparse
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from if_graph import __version__
from if_graph.cli.exits import exit_code_of
from if_graph.errors import IFGraphError, Interrupted
from if_graph.garbage import collect_rarely

# One line adds a command: the module of its name in this folder offers add_arguments(parser) and run(args).
COMMANDS = {
    "run": "run a workflow and save its pictures",
    "batch": "run a workflow with many settings: a jobs file, a grid, or both",
    "serve": "open the node editor and offer ComfyUI's HTTP API",
    "validate": "check a workflow without running it",
    "show": "draw a workflow, with what is cached and what a run took",
    "diff": "list what differs between two workflows or two pictures",
    "convert": "turn a workflow into API or editor format",
    "nodes": "list the installed node classes",
    "cache": "look after results kept on disk",
    "workflows": "list the workflows that come with the package",
    "train": "train a network from a recipe, resumably",
    "eval": "paint wishes that training never saw and count those that came true",
    "models": "fetch, list, check, convert and remove checkpoints",
    "nano": "say what the bundled cascade knows",
    "bench": "run a workflow several times and say where the time goes",
    "info": "show versions, folders and the device in use",
}


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: arguments after the program's name; those of the process if left out.

    Returns:
        0 for success, 1 for a node that failed, 2 for bad input, 3 for a batch with failed jobs, 130 if
        interrupted.
    """
    _ask_for_large_pages()
    collect_rarely()
    arguments = sys.argv[1:] if argv is None else argv
    try:
        args = _parser(arguments).parse_args(arguments)
    except SystemExit as end:  # argparse has said all there is to say
        return end.code if isinstance(end.code, int) else 2
    with _warnings_shown():
        return _guarded(args)


def _ask_for_large_pages() -> None:
    """Have torch put large tensors on large pages; at 1024 pixels, small ones cost a third of the time.

    torch reads the variable with the first tensor; what a user has set stays. See docs/speed.md.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("if-graph", description="Run DeepFloyd IF workflows without a server.")
    parser.add_argument("--version", action="version", version=f"if-graph {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    asked = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=f"{purpose.capitalize()}.")
        if name == asked:  # only this command's module is imported, so that help stays quick
            import_module(f"if_graph.cli.{name}").add_arguments(command)
    return parser


def _guarded(args: argparse.Namespace) -> int:
    try:
        code: int = import_module(f"if_graph.cli.{args.command}").run(args)
    except IFGraphError as error:
        sys.stderr.write(f"if-graph: {error}\n")
        return exit_code_of(error)
    except (Interrupted, KeyboardInterrupt) as error:
        sys.stderr.write(f"if-graph: interrupted{f': {error}' if str(error) else ''}\n")
        return exit_code_of(error)
    return code


@contextmanager
def _warnings_shown() -> Iterator[None]:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("if-graph: %(levelname)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
