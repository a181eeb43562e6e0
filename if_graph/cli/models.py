"""``if-graph models``: checkpoints on disk, one sub-command for each thing done to them."""

import argparse
import sys
from pathlib import Path

DTYPES = ("keep", "float32", "float16", "bfloat16")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_convert(actions.add_parser("convert", help="change a stage's layout", description=_CONVERT))


_CONVERT = """Read one stage: a folder in the published layout, a folder with the original pytorch_model.bin
and config.yml, or a single file. Write it as a single file if OUT ends in .safetensors, else as a folder."""


def _add_convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="IN", type=Path, help="folder or file to read")
    parser.add_argument("target", metavar="OUT", type=Path, help="folder or .safetensors file to write")
    parser.add_argument("--dtype", choices=DTYPES, default="keep", help="type of the weights (default: keep)")


def run(args: argparse.Namespace) -> int:
    """Do what the sub-command says."""
    done: int = {"convert": _convert}[args.action](args)
    return done


def _convert(args: argparse.Namespace) -> int:
    import torch

    from if_graph.models.convert_files import read_stage_files
    from if_graph.models.convert_write import write_stage_files

    stage = read_stage_files(args.source)
    write_stage_files(stage if args.dtype == "keep" else stage.to(getattr(torch, args.dtype)), args.target)
    count = sum(tensor.numel() for tensor in stage.tensors.values())
    sys.stdout.write(f"{args.target}: {len(stage.tensors)} tensors, {count:,} parameters\n")
    return 0
