"""``if-graph nodes``: installed node classes -> a list, ComfyUI's object_info, or a reference page."""

import argparse
import json
import sys
from typing import Any

from if_graph.cli.host import add_nodes_argument, classes_of
from if_graph.graph.object_info import ObjectInfo
from if_graph.graph.reference import reference_page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_nodes_argument(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print ComfyUI's object_info of every class")
    form.add_argument("--markdown", action="store_true", help="print the node reference page")


def run(args: argparse.Namespace) -> int:
    """Print the classes in the form asked for."""
    info = dict(ObjectInfo(classes_of(args)))
    if args.json:
        sys.stdout.write(json.dumps(info, indent=2, ensure_ascii=False, default=str) + "\n")
    else:
        sys.stdout.write(reference_page(info) if args.markdown else _list(info))
    return 0


def _list(info: dict[str, dict[str, Any]]) -> str:
    width = max(len(name) for name in info)
    ordered = sorted(info.items(), key=lambda item: (item[1]["category"], item[0]))
    return "".join(
        f"{name:<{width}}  {_first_line(entry['description'])}".rstrip() + "\n" for name, entry in ordered
    )


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
