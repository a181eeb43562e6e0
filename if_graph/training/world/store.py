"""A cache of rendered pictures on disk: filled once, in order, resumable, then read as memory maps."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from if_graph.files import unfinished
from if_graph.training.world import caption, scene, signs, split
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
    limits = (MIN_CONTRAST, split.HELD_OUT_SHARE)
    rows = (REVISION, list(CONCEPTS.values()), list(BACKGROUNDS.values()), layouts, limits, _constants())
    markup = sorted((name, drawing.markup, drawing.view_box) for name, drawing in drawings.items())
    return hashlib.sha256(repr((rows, markup)).encode()).hexdigest()[:10]


def _constants() -> list[tuple[str, str]]:
    """Every table and number that scenes, signs and captions are drawn by."""
    modules = (scene, signs, caption)
    values = [(name, value) for module in modules for name, value in vars(module).items() if name.isupper()]
    return [(name, repr(value)) for name, value in values if name != "LAYOUTS"]


def stored_items(
    path: Path, count: int, fields: Mapping[str, tuple[int, ...]], make: Callable[[int], tuple[Pixels, ...]]
) -> NDArray[Any]:
    """A read-only memory map of ``make(0), make(1), ...``, made now if ``path`` does not hold it yet.

    Work in progress lies in ``path`` with the suffix ``.part``, the number of finished items beside it; a run
    that was killed goes on from there. Only whole files get the final name.

    Args:
        path: where the raw bytes lie, item after item.
        count: number of items.
        fields: name and shape of each array in an item.
        make: the arrays of one item, from its index alone.

    Returns:
        Structured array [count]; ``items[name]`` is a uint8 view [count, *shape].
    """
    dtype = np.dtype([(name, np.uint8, shape) for name, shape in fields.items()])
    if not (path.is_file() and path.stat().st_size == count * dtype.itemsize):
        part = path.with_suffix(".part")
        _fill(part, count, dtype, make)
        part.replace(path)
        _progress_file(part).unlink()
    return np.memmap(path, dtype, "r", shape=(count,))


def stored_lines(path: Path, rows: Callable[[], Iterable[dict[str, str]]]) -> list[dict[str, str]]:
    """JSON lines read from ``path``, written there first (all or nothing) if it does not exist."""
    if not path.is_file():
        with unfinished(path) as part:
            part.write_text("".join(json.dumps(row) + "\n" for row in rows()), "utf-8")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _fill(part: Path, count: int, dtype: np.dtype[Any], make: Callable[[int], tuple[Pixels, ...]]) -> None:
    start = _finished(part, count * dtype.itemsize)
    with part.open("ab") as file:
        file.truncate(count * dtype.itemsize)
    items = np.memmap(part, dtype, "r+", shape=(count,))
    for first in range(start, count, CHUNK):
        stop = min(first + CHUNK, count)
        for index in range(first, stop):
            items[index] = make(index)
        items.flush()
        _progress_file(part).write_text(str(stop), "utf-8")
        _log.info("%s: %d of %d", part.stem, stop, count)


def _finished(part: Path, size: int) -> int:
    """How many items an earlier run left behind."""
    if not (part.is_file() and part.stat().st_size == size and _progress_file(part).is_file()):
        return 0
    return int(_progress_file(part).read_text("utf-8") or 0)


def _progress_file(part: Path) -> Path:
    return part.with_suffix(".progress")
