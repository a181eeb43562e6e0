"""``if-graph nodes``: installed node classes -> a list, ComfyUI's object_info, or a reference page."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from if_graph.cli.host import add_nodes_argument, classes_of
from if_graph.files import unfinished
from if_graph.graph import load_workflow
from if_graph.graph.library import shipped_workflows
from if_graph.graph.object_info import ObjectInfo
from if_graph.graph.reference import help_page, reference_page, translation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_nodes_argument(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print ComfyUI's object_info of every class")
    form.add_argument(
        "--pages", metavar="DIR", type=Path, help="write a help page of each IF class for ComfyUI"
    )
    form.add_argument("--texts", action="store_true", help="print the IF classes' texts as nodeDefs.json")
    form.add_argument("--markdown", action="store_true", help="print the node reference page")


def run(args: argparse.Namespace) -> int:
    """Print the classes in the form asked for."""
    classes = classes_of(args)
    info = dict(ObjectInfo(classes))
    own = {name: entry for name, entry in info.items() if hasattr(classes[name], "HELP")}
    if args.pages:
        _write_pages(args.pages, own, classes)
    elif args.texts:
        sys.stdout.write(json.dumps(translation(own), indent=2, ensure_ascii=False) + "\n")
    elif args.json:
        sys.stdout.write(json.dumps(info, indent=2, ensure_ascii=False, default=str) + "\n")
    else:
        sys.stdout.write(reference_page(info) if args.markdown else _list(info))
    return 0


def _write_pages(folder: Path, info: Mapping[str, Mapping[str, Any]], classes: Mapping[str, type]) -> None:
    """Write one page a class, named after it, and nothing if one of them cannot be made."""
    uses: dict[str, list[str]] = {name: [] for name in info}
    for shipped in shipped_workflows():
        for name in {node.class_type for node in load_workflow(shipped.name).nodes.values()} & uses.keys():
            uses[name].append(shipped.name)
    pages = {name: help_page(name, entry, classes[name], uses[name]) for name, entry in info.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in pages.items():
        with unfinished(folder / f"{name}.md") as part:
            part.write_text(page, encoding="utf-8")


def _list(info: dict[str, dict[str, Any]]) -> str:
    width = max(len(name) for name in info)
    ordered = sorted(info.items(), key=lambda item: (item[1]["category"], item[0]))
    return "".join(
        f"{name:<{width}}  {_first_line(entry['description'])}".rstrip() + "\n" for name, entry in ordered
    )


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
