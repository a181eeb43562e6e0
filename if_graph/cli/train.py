"""``if-graph train``: a recipe -> a trained checkpoint folder."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from if_graph.cli.host import stop_on_interrupt
from if_graph.errors import InputError, Interrupted
from if_graph.training.progress_line import ProgressLine
from if_graph.training.recipe import find_recipe, read_recipe, shipped_recipes

if TYPE_CHECKING:
    from if_graph.training.log import TrainStep
    from if_graph.training.run import TrainRun

    Watcher = Callable[[TrainStep], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "recipe", metavar="RECIPE", help=f"path of a JSON file, or one of {', '.join(shipped_recipes())}"
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="folder for state, log, sheets and checkpoint"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the state in DIR")
    parser.add_argument(
        "--start-from", metavar="STATE_DIR", type=Path, help="begin with the averaged weights of another run"
    )
    parser.add_argument(
        "--start-text-from", metavar="CHECKPOINT", type=Path, help="train on that folder's text encoder"
    )
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[],
        help="set one field of the recipe, such as steps=2000 or data.count=500; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--tensorboard", action="store_true", help="also log to DIR/tensorboard, beside log.csv"
    )
    parser.add_argument("--threads", metavar="N", type=int, help="CPU threads (default: one per core)")
    parser.add_argument(
        "--save-every", metavar="SECONDS", type=float, default=180.0, help="save the state (default: 180)"
    )
    parser.add_argument(
        "--sheet-every", metavar="SECONDS", type=float, default=600.0,
        help="least time between sample sheets, which follow a saving; 0 for none (default: 600)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Train, and print the checkpoint's folder."""
    _check_numbers(args)
    recipe = read_recipe(find_recipe(args.recipe), _changes(args.set))
    import torch  # seconds, so only once the recipe can be read

    from if_graph.training.run import TrainRun

    if args.threads is not None:
        torch.set_num_threads(args.threads)
    with stop_on_interrupt() as stop:
        training = TrainRun(
            recipe, args.out, args.resume, args.start_from, args.save_every, args.sheet_every,
            start_text_from=args.start_text_from, on_lesson=_lesson_watcher(stop.is_set),
        )  # fmt: skip
        _train(training, _watchers(args, recipe.batch) if training.is_first else [], stop.is_set)
    if training.is_first:
        sys.stdout.write(f"{args.out / 'checkpoint'}\n")
    return 0


def _train(training: "TrainRun", watchers: Sequence["Watcher"], stop: Callable[[], bool]) -> None:
    with _closing(watchers):
        for report in training.steps(stop):
            for watch in watchers:
                watch(report)
            if stop() and report.step < report.steps:
                raise Interrupted(
                    f"saved at step {report.step} of {report.steps}, go on with the same command and --resume"
                )


def _lesson_watcher(stop: Callable[[], bool]) -> "Watcher":
    """What is told each step of the text encoder's lesson, which is saved at its end only."""
    from if_graph.training.lesson import BATCH

    line = ProgressLine(sys.stderr, BATCH, "text encoder ")

    def watch(report: "TrainStep") -> None:
        line(report)
        if stop():
            raise Interrupted(
                f"step {report.step} of {report.steps} of the text encoder's lesson, nothing saved yet"
            )

    return watch


def _watchers(args: argparse.Namespace, batch: int) -> list["Watcher"]:
    """What is told each step."""
    from if_graph.training.board import Board

    line = ProgressLine(sys.stderr, batch)
    return [line, Board(args.out / "tensorboard")] if args.tensorboard else [line]


@contextmanager
def _closing(watchers: Sequence[object]) -> Iterator[None]:
    try:
        yield
    finally:
        for watcher in watchers:
            if hasattr(watcher, "close"):
                watcher.close()


def _check_numbers(args: argparse.Namespace) -> None:
    if args.threads is not None and args.threads < 1:
        raise InputError(f"--threads is {args.threads}, expected at least 1")
    for name in ("save_every", "sheet_every"):
        value = getattr(args, name)
        if not 0 <= value < float("inf"):
            raise InputError(f"--{name.replace('_', '-')} is {value}, expected seconds, 0 or more")


def _changes(settings: Iterable[str]) -> dict[str, Any]:
    changes = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not (name and equals):
            raise InputError(f"--set got '{setting}', expected KEY=VALUE, for example --set steps=2000")
        changes[name] = _parsed(text)
    return changes


def _parsed(text: str) -> Any:
    """Read a value as JSON where it is JSON, as text otherwise."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
