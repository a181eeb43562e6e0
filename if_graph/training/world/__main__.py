"""Fill a folder with pictures of the world, or with pairs of crops, and lay some out on a contact sheet."""

import argparse
import logging
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from if_graph.errors import IFGraphError
from if_graph.training.world.crops import SCALE, CropPairs
from if_graph.training.world.dataset import WorldPictures
from if_graph.training.world.sheet import contact_sheet, enlarge

SHEET_PICTURES = 64


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m if_graph.training.world", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures and captions")
    parser.add_argument("--n", type=int, default=64, help="number of pictures")
    parser.add_argument("--side", type=int, default=64, help="width and height in pixels of a whole picture")
    parser.add_argument(
        "--crop", type=int, help="keep one crop of that size per picture, with its low-res twin"
    )
    parser.add_argument("--seed", type=int, default=0, help="draws scenes and captions")
    parser.add_argument("--split", choices=("train", "held-out"), default="train", help="which combinations")
    parser.add_argument("--sheet", type=Path, help=f"png to write the first {SHEET_PICTURES} pictures to")
    return parser.parse_args()


def make_sheet(data: WorldPictures | CropPairs) -> Image.Image:
    """Show the first pictures, or the first pairs with low beside high."""
    shown = range(min(len(data), SHEET_PICTURES))
    captions = [data.captions[i] for i in shown]
    if isinstance(data, WorldPictures):
        return contact_sheet([data.pixels[i] for i in shown], captions)
    pairs = [np.concatenate([data.high[i], enlarge(data.low[i], SCALE)], axis=1) for i in shown]
    return contact_sheet(pairs, captions)


def run(args: argparse.Namespace) -> None:
    """Make what is missing, then the sheet."""
    data: WorldPictures | CropPairs
    if args.crop:
        data = CropPairs(args.n, args.side, args.crop, args.seed, args.out, args.split)
    else:
        data = WorldPictures(args.n, args.side, args.seed, args.out, args.split)
    if args.sheet:
        args.sheet.parent.mkdir(parents=True, exist_ok=True)
        make_sheet(data).save(args.sheet)


def main() -> int:
    """Run the command; the exit status is 2 when the user can correct what went wrong."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        run(parse_arguments())
    except IFGraphError as error:
        logging.getLogger(__name__).error("%s", error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
