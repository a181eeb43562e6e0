"""``if-graph models``: checkpoints on disk, one sub-command for each thing done to them."""

import argparse
import sys
from pathlib import Path
from typing import TextIO

from if_graph.hub.choose import PARTS

DTYPES = ("keep", "float32", "float16", "bfloat16")
DAMAGED = 1
"""Exit code of ``verify`` when a file is not as it should be."""

_CONVERT = """Read one stage: a folder in the published layout, a folder with the original pytorch_model.bin
and config.yml, or a single file. Write it as a single file if OUT ends in .safetensors, else as a folder."""
_PULL = """Fetch one variant of a checkpoint from the hub that HF_ENDPOINT names, going on where an earlier
attempt broke off, and check every file's hash."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_pull(actions.add_parser("pull", help="fetch a checkpoint", description=_PULL))
    for name, purpose in (
        ("list", "list what was pulled"),
        ("verify", "check every file of pulled checkpoints again"),
        ("remove", "delete a pulled checkpoint"),
    ):
        action = actions.add_parser(name, help=purpose, description=f"{purpose.capitalize()}.")
        if name != "list":
            action.add_argument("name", nargs="?" if name == "verify" else None, help="a name from 'list'")
        _add_folder(action)
    _add_convert(actions.add_parser("convert", help="change a stage's layout", description=_CONVERT))


def _add_folder(parser: argparse.ArgumentParser) -> None:
    about = "model folder (default: the first in IF_GRAPH_MODELS, or ~/.local/share/if-graph/models)"
    parser.add_argument("--to", metavar="DIR", type=Path, help=about)


def _add_pull(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("repo", help="for example DeepFloyd/IF-I-XL-v1.0")
    parser.add_argument("--variant", default="", help="for example fp16 (default: the plain files)")
    parser.add_argument("--parts", default=",".join(PARTS), help="folders to take (default: %(default)s)")
    parser.add_argument("--revision", default="main", help="branch, tag or commit (default: main)")
    parser.add_argument("--token", help="access token (default: HF_TOKEN, or that of 'hf auth login')")
    _add_folder(parser)


def _add_convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="IN", type=Path, help="folder or file to read")
    parser.add_argument("target", metavar="OUT", type=Path, help="folder or .safetensors file to write")
    parser.add_argument("--dtype", choices=DTYPES, default="keep", help="type of the weights (default: keep)")


def run(args: argparse.Namespace) -> int:
    """Do what the sub-command says."""
    actions = {"pull": _pull, "list": _list, "verify": _verify, "remove": _remove, "convert": _convert}
    return actions[args.action](args)


def _pull(args: argparse.Namespace) -> int:
    from if_graph.hub.pull import Order, pull

    order = Order(args.repo, args.variant, tuple(args.parts.split(",")), args.revision, args.token)
    path = pull(order, _folder(args), lambda file: _say(f"{file.name}  {_size(file.size)}", sys.stderr))
    return _say(str(path))


def _list(args: argparse.Namespace) -> int:
    from if_graph.hub.store import pulled, read_manifest

    for path in pulled(_folder(args)):
        manifest = read_manifest(path)
        variant = manifest.variant or "plain"
        _say(f"{path.name}  {_size(manifest.size)}  {variant}  {manifest.repo}@{manifest.commit[:8]}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from if_graph.hub.store import find_pulled, problems, pulled

    folder = _folder(args)
    damaged = False
    for path in [find_pulled(args.name, folder)] if args.name else pulled(folder):
        found = problems(path)
        damaged = damaged or bool(found)
        _say("\n".join(f"{path.name}: {problem}" for problem in found) or f"{path.name}: whole")
    return DAMAGED if damaged else 0


def _remove(args: argparse.Namespace) -> int:
    from if_graph.hub.store import find_pulled, remove

    path = find_pulled(args.name, _folder(args))
    remove(path)
    return _say(f"{path}: removed")


def _convert(args: argparse.Namespace) -> int:
    import torch

    from if_graph.models.convert_files import read_stage_files
    from if_graph.models.convert_write import write_stage_files

    stage = read_stage_files(args.source)
    write_stage_files(stage if args.dtype == "keep" else stage.to(getattr(torch, args.dtype)), args.target)
    count = sum(tensor.numel() for tensor in stage.tensors.values())
    return _say(f"{args.target}: {len(stage.tensors)} tensors, {count:,} parameters")


def _folder(args: argparse.Namespace) -> Path:
    from if_graph.hub.store import model_folder

    folder: Path = args.to or model_folder()
    return folder


def _say(line: str, stream: TextIO | None = None) -> int:
    (stream or sys.stdout).write(line + "\n")
    return 0


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e7 else f"{count / 1e3:.1f} kB"
