"""Train the nano safety checker, export it, and measure it on held-out pictures of three sizes."""

import argparse
import json
import sys
from pathlib import Path

import torch

from if_graph.errors import IFGraphError
from if_graph.training.safety.export import export_safety
from if_graph.training.safety.learn import TOWER, new_safety_net, teach_safety
from if_graph.training.safety.measure import measure
from if_graph.training.safety.pictures import SafetyPictures

SIZES = (64, 96, 256)
HELD_OUT_SIZES = (64, 256, 1024)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m if_graph.training.safety", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write into")
    parser.add_argument("--pictures", type=int, default=24_000, help="pictures to learn from")
    parser.add_argument("--held-out", type=int, default=1_000, help="pictures to measure on, for each size")
    parser.add_argument("--steps", type=int, default=3_000, help="optimiser steps of 64 pictures")
    parser.add_argument("--seed", type=int, default=0, help="draws pictures, first weights and noise")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 for one per core")
    return parser.parse_args()


def run(args: argparse.Namespace) -> None:
    """Train, export, measure; the figures go to standard output."""
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)  # the first weights
    side = TOWER["image_size"]
    pictures = SafetyPictures(args.pictures, side, SIZES, args.seed, "train")
    net = new_safety_net(TOWER)
    for step, loss in enumerate(teach_safety(net, pictures, args.steps, args.seed), 1):
        if step % 100 == 0 or step == args.steps:
            sys.stderr.write(f"[{step}/{args.steps}] loss {loss:.4f}\n")
    export_safety(net, TOWER, args.out)
    for size in HELD_OUT_SIZES:
        held_out = SafetyPictures(args.held_out, side, (size,), args.seed, "held-out")
        scores = {head: vars(score) for head, score in measure(net, held_out).items()}
        sys.stdout.write(json.dumps({"size": size, "pictures": args.held_out, **scores}) + "\n")


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
