"""``if-graph nano``: what the bundled cascade is, for now the words that it knows."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from if_graph.errors import CheckpointError, InputError
from if_graph.text.known_words import BUNDLED, FILE, LONGEST_ON_SIGN, KnownWords, load_known_words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    about = "list the things and colours that the bundled cascade knows"
    words = actions.add_parser("words", help=about, description=f"{about.capitalize()}.")
    words.add_argument(
        "--checkpoint", metavar="DIR", type=Path, default=BUNDLED, help="a trained one instead of the bundled"
    )
    words.add_argument("--prompt", metavar="TEXT", help="say which of these words it does not know")
    words.add_argument(
        "--write",
        metavar="DIR",
        type=Path,
        help=f"write {FILE} for weights trained on the world as it is now",
    )


def run(args: argparse.Namespace) -> int:
    """Do what the sub-command says."""
    if args.write is not None:
        return _write(args.write)
    known = load_known_words(args.checkpoint)
    if known is None:
        raise CheckpointError(f"{args.checkpoint} has no {FILE}, so nothing says which words it knows")
    lines = _listed(known) if args.prompt is None else known.advice(args.prompt) or ("all words are known",)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _write(folder: Path) -> int:
    from if_graph.training.export import write_json
    from if_graph.training.words import world_words

    try:
        write_json(world_words(), folder / FILE)
    except OSError as error:
        raise InputError(
            f"--write: {folder} cannot be written to ({error}); choose another folder"
        ) from error
    sys.stdout.write(f"{folder / FILE}\n")
    return 0


def _listed(known: KnownWords) -> list[str]:
    signs = f"signs: any word of up to {LONGEST_ON_SIGN} letters, for example a sign that says hi"
    return [
        f"{len(known.things)} things: {_joined(known.things)}",
        f"{len(known.backgrounds)} background colours: {_joined(known.backgrounds)}",
        *([signs] if known.signs else []),
    ]


def _joined(rows: Mapping[str, tuple[str, ...]]) -> str:
    return ", ".join(name + (f" ({', '.join(others)})" if others else "") for name, others in rows.items())
