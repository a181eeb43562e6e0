"""The evaluations of ``if-graph eval`` that paint no wishes: two folders compared, and enlarging."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from if_graph.errors import InputError
from if_graph.text.known_words import BUNDLED

ENLARGERS = {"II": ("stage_2", 256, 4), "III": ("stage_3", 1024, 3)}
"""Folder, side in pixels of the enlarged picture, and steps, as the shipped workflow has them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--fidelity", nargs=2, metavar=("REAL", "PAINTED"), type=Path,
        help="instead, compare two folders of pictures: FID, precision and recall over Inception features",
    )  # fmt: skip
    parser.add_argument(
        "--inception", metavar="FILE", type=Path, help="of --fidelity: weights of the Inception network"
    )
    parser.add_argument(
        "--upscaling", metavar="N", type=int,
        help="instead, compare Stage II and III with bicubic enlarging on N held-out renderings each",
    )  # fmt: skip
    parser.add_argument(
        "--cascade", metavar="DIR", type=Path, default=BUNDLED.parent,
        help="of --upscaling: holds stage_1, stage_2 and stage_3 (default: the bundled one)",
    )  # fmt: skip


def is_asked(args: argparse.Namespace) -> bool:
    """Whether one of these evaluations is wanted."""
    return args.fidelity is not None or args.upscaling is not None


def run(args: argparse.Namespace) -> int:
    """Compare, and print one line for each comparison."""
    if args.fidelity is not None and args.upscaling is not None:
        raise InputError("--fidelity and --upscaling are two evaluations, expected one at a time")
    for title, found in _fidelity(args) if args.fidelity is not None else _upscaling(args):
        text = json.dumps({"of": title, **found}) if args.json else f"{title}: {_told(found)}"
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    return 0


def _fidelity(args: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in args.fidelity:
        if not folder.is_dir():
            raise InputError(f"--fidelity: {folder} is no folder, expected one that holds pictures")
    if args.inception is None:
        raise InputError(
            "--fidelity needs --inception FILE: weights-inception-2015-12-05-6726825d.pth from "
            "https://github.com/toshas/torch-fidelity/releases"
        )
    from if_graph.training.fidelity import compare_folders, inception

    real, painted = args.fidelity
    found = compare_folders(real, painted, inception(args.inception))
    yield f"{painted} against {real}", asdict(found)


def _upscaling(args: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    if args.upscaling < 1:
        raise InputError(f"--upscaling is {args.upscaling}, expected at least 1")
    try:
        from if_graph.training.upscaling import compare
    except ImportError as error:
        raise InputError(f"--upscaling: {error}; pip install 'if-graph[train,eval]'") from error
    from if_graph.cascade.plan import SamplingPlan
    from if_graph.cascade.stage import load_stage
    from if_graph.models.placement import place
    from if_graph.text.t5 import load_text_encoder
    from if_graph.training.world.crops import CropPairs

    numbers = {"I": (), "II": ("II",)}.get(args.stage, tuple(ENLARGERS))
    encoder = load_text_encoder(args.cascade / "stage_1")
    for number in numbers:
        name, side, steps = ENLARGERS[number]
        stage = load_stage(args.cascade / name, place("cpu"))
        pairs = CropPairs(args.upscaling, side, side, args.seed or 0, split="held-out")
        plan = SamplingPlan("dpmpp_2m", "log_snr", steps)
        for way, found in compare(stage, encoder, plan, pairs).items():
            yield f"Stage {number}, {way}", asdict(found)


def _told(found: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in found.items())
