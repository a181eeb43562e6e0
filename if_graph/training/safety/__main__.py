"""Train the nano safety checker, export it, and measure it on held-out pictures of three sizes."""

import argparse
import json
import sys
from pathlib import Path

import torch

from if_graph.errors import IFGraphError
from if_graph.models.placement import place
from if_graph.models.safety import SafetyNet, load_safety_net
from if_graph.training.safety.calibrate import calibrate
from if_graph.training.safety.export import export_safety
from if_graph.training.safety.learn import GRID, TOWER, new_safety_net, teach_safety
from if_graph.training.safety.measure import answers, measure
from if_graph.training.safety.pictures import SafetyPictures
from if_graph.training.state import copy_weights
from if_graph.training.world.split import Split

SIZES = (64, 96, 256)
HELD_OUT_SIZES = (64, 256, 1024)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m if_graph.training.safety", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write into")
    parser.add_argument("--pictures", type=int, default=90_000, help="pictures to learn from")
    parser.add_argument("--held-out", type=int, default=1_000, help="pictures to measure on, for each size")
    parser.add_argument("--steps", type=int, default=4_500, help="optimiser steps of 64 pictures")
    parser.add_argument("--start-from", metavar="DIR", type=Path, help="go on from an exported checker")
    parser.add_argument("--seed", type=int, default=0, help="draws pictures, first weights and noise")
    parser.add_argument("--bfloat16", action="store_true", help="where the CPU multiplies it in hardware")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 for one per core")
    return parser.parse_args()


def run(args: argparse.Namespace) -> None:
    """Train, calibrate, export, measure; the figures go to standard output."""
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)  # the first weights
    net = first_net(args.start_from)
    pictures = _pictures(args.pictures, SIZES, args.seed, "train")
    for step, loss in enumerate(teach_safety(net, pictures, args.steps, args.seed, args.bfloat16), 1):
        if step % 100 == 0 or step == args.steps:
            sys.stderr.write(f"[{step}/{args.steps}] loss {loss:.4f}\n")
    calibrate(net, answers(net, _pictures(args.held_out, SIZES, args.seed + 1, "train")))
    export_safety(net, TOWER, args.out)
    for size in HELD_OUT_SIZES:
        scores = measure(net, _pictures(args.held_out, (size,), args.seed, "held-out"))
        fields = {head: vars(score) for head, score in scores.items()}
        sys.stdout.write(json.dumps({"size": size, "pictures": args.held_out, **fields}) + "\n")
        sys.stdout.flush()


def first_net(folder: Path | None) -> SafetyNet:
    """A fresh checker, or the one that was exported to ``folder``.

    Raises:
        CheckpointError: if there is none, or it has another tower.
    """
    net = new_safety_net(TOWER)
    if folder is not None:
        taught = load_safety_net(folder, place("cpu"))
        other = f"--start-from: the checker in {folder} has another tower than {TOWER}; leave it out"
        copy_weights(taught, net, other)
    return net


def _pictures(count: int, sizes: tuple[int, ...], seed: int, split: Split) -> SafetyPictures:
    return SafetyPictures(count, TOWER["image_size"], GRID, sizes, seed, split)


def main() -> int:
    """Run the command; the exit status is 2 when the user can correct what went wrong."""
    try:
        run(parse_arguments())
    except IFGraphError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
