"""``if-graph diff``: two workflows or pictures -> what differs, with the exit codes of ``diff``."""

import argparse
import json
import sys
from dataclasses import asdict

from if_graph.cli.host import add_nodes_argument, classes_of
from if_graph.graph.carriers import picture_form
from if_graph.graph.library import read_source
from if_graph.graph.load import load_workflow
from if_graph.seeing.differences import Change, Differences, compare
from if_graph.seeing.drawing import readable
from if_graph.seeing.pixels import PixelDifference, compare_pixels

_LONGEST = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    for name in ("A", "B"):
        parser.add_argument(name, help="JSON, PNG or WebP file, or the name of a shipped workflow")
    parser.add_argument("--all", action="store_true", help="count ids, titles and positions too")
    parser.add_argument("--json", action="store_true", help="print the differences as JSON")
    add_nodes_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Print the differences; the exit code is 0 if there are none and 1 if there are."""
    classes = classes_of(args)
    first, second = (load_workflow(source, classes) for source in (args.A, args.B))
    found = compare(first, second, args.all)
    files = read_source(args.A), read_source(args.B)
    are_pictures = all(picture_form(data) for data, _ in files)
    pixels = compare_pixels(*files) if are_pictures else None
    is_same = not found and not pixels
    sys.stdout.write(_as_json(found, pixels, is_same) if args.json else _as_text(found, pixels))
    return 0 if is_same else 1


def _as_json(found: Differences, pixels: PixelDifference | None, is_same: bool) -> str:
    shown = {"same": is_same, **asdict(found), "pixels": asdict(pixels) if pixels is not None else None}
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def _as_text(found: Differences, pixels: PixelDifference | None) -> str:
    lines = [f"- {node}" for node in found.removed] + [f"+ {node}" for node in found.added]
    lines += [_changed(change) for change in found.changes]
    if not found:
        lines.append("the workflows are the same")
    if pixels is not None:
        lines.append(_apart(pixels))
    return "".join(f"{readable(line, _LONGEST)}\n" for line in lines)


def _changed(change: Change) -> str:
    kind = f" {change.kind}" if change.kind != change.name else ""
    return f"~ {change.node}:{kind} {change.name}: {change.before} -> {change.after}"


def _apart(pixels: PixelDifference) -> str:
    if pixels.largest is None or pixels.mean is None:
        sizes = " and ".join(f"{width} x {height}" for width, height in pixels.sizes)
        return f"the pictures are of different sizes: {sizes} pixels"
    if not pixels:
        return "the pixels are equal"
    return f"the pixels differ by at most {pixels.largest:g}, on average by {pixels.mean:.4g} (of 255)"
