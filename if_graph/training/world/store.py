"""A cache of rendered pictures on disk: filled once, in order, resumable, then read as memory maps."""

import hashlib
import json
import logging
import math
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from if_graph.training.world import caption, scene, split
from if_graph.training.world.colours import BACKGROUNDS, MIN_CONTRAST
from if_graph.training.world.concepts import CONCEPTS
from if_graph.training.world.render import Drawings, Pixels

REVISION = 1
"""Raise when code, not a table, changes what a seed draws."""
CHUNK = 500

_log = logging.getLogger(__name__)


def world_version(drawings: Drawings) -> str:
    """A short hash of every table and drawing, so that no picture is taken for another world's."""
    layouts = [(name, row.weight, row.count) for name, row in scene.LAYOUTS.items()]
    geometry = (
        scene.SINGLE_SIZES,
        scene.PAIR_SIZES,
        scene.JITTER,
        scene.MARGIN,
        MIN_CONTRAST,
        split.HELD_OUT_SHARE,
    )
    grammar = (caption.SUBJECTS, caption.FRAMES, caption.MEDIA, caption.MEDIUM_SHARE)
    rows = (REVISION, list(CONCEPTS.values()), list(BACKGROUNDS.values()), layouts, geometry, grammar)
    markup = sorted((name, drawing.markup, drawing.view_box) for name, drawing in drawings.items())
    return hashlib.sha256(repr((rows, markup)).encode()).hexdigest()[:10]


def stored_pixels(path: Path, shape: tuple[int, ...], make: Callable[[int], Pixels]) -> Pixels:
    """A read-only memory map of ``make(0), make(1), ...``, made now if ``path`` does not hold it yet.

    Work in progress lies in ``path.part``, with the number of finished items beside it; a run that was
    killed goes on from there. Only whole files ever get the final name.

    Args:
        path: where the raw pixels lie.
        shape: of the whole array; its first axis counts items.
        make: the pixels of one item, from its index alone.

    Returns:
        uint8 pixels of that shape.
    """
    if not (path.is_file() and path.stat().st_size == math.prod(shape)):
        part = path.with_suffix(".part")
        _fill(part, shape, make)
        part.replace(path)
        _progress_file(part).unlink()
    return np.memmap(path, np.uint8, "r", shape=shape)


def stored_lines(path: Path, rows: Callable[[], Iterable[dict[str, str]]]) -> list[dict[str, str]]:
    """JSON lines read from ``path``, written there first (all or nothing) if it does not exist."""
    if not path.is_file():
        part = path.with_suffix(".part")
        part.write_text("".join(json.dumps(row) + "\n" for row in rows()), "utf-8")
        part.replace(path)
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _fill(part: Path, shape: tuple[int, ...], make: Callable[[int], Pixels]) -> None:
    start = _finished(part, math.prod(shape))
    with part.open("ab") as file:
        file.truncate(math.prod(shape))
    pixels = np.memmap(part, np.uint8, "r+", shape=shape)
    for first in range(start, shape[0], CHUNK):
        for index in range(first, min(first + CHUNK, shape[0])):
            pixels[index] = make(index)
        pixels.flush()
        _progress_file(part).write_text(str(min(first + CHUNK, shape[0])), "utf-8")
        _log.info("%s: %d of %d pictures", part.stem, min(first + CHUNK, shape[0]), shape[0])


def _finished(part: Path, size: int) -> int:
    """How many items an earlier run left behind."""
    if not (part.is_file() and part.stat().st_size == size and _progress_file(part).is_file()):
        return 0
    return int(_progress_file(part).read_text("utf-8") or 0)


def _progress_file(part: Path) -> Path:
    return part.with_suffix(".progress")
