"""Fill a folder with pictures of the world, and lay some out on a contact sheet."""

import argparse
import logging
import sys
from pathlib import Path

from if_graph.errors import IFGraphError
from if_graph.training.world.dataset import WorldPictures
from if_graph.training.world.sheet import contact_sheet

SHEET_PICTURES = 64


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m if_graph.training.world", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures and captions")
    parser.add_argument("--n", type=int, default=64, help="number of pictures")
    parser.add_argument("--side", type=int, default=64, help="width and height in pixels")
    parser.add_argument("--seed", type=int, default=0, help="draws scenes and captions")
    parser.add_argument(
        "--split", choices=("train", "held-out"), default="train", help="which combinations to show"
    )
    parser.add_argument("--sheet", type=Path, help=f"png to write the first {SHEET_PICTURES} pictures to")
    return parser.parse_args()


def main() -> int:
    """Run the command; the exit status is 2 when the user can correct what went wrong."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    args = parse_arguments()
    try:
        pictures = WorldPictures(args.n, args.side, args.seed, args.out, args.split)
    except IFGraphError as error:
        logging.getLogger(__name__).error("%s", error)
        return 2
    if args.sheet:
        args.sheet.parent.mkdir(parents=True, exist_ok=True)
        shown = range(min(len(pictures), SHEET_PICTURES))
        contact_sheet([pictures[i][1] for i in shown], [pictures[i][0] for i in shown]).save(args.sheet)
    return 0


if __name__ == "__main__":
    sys.exit(main())
