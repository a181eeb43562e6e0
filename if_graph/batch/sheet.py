"""Results of a batch -> ``contact-sheet.png``: the grid's last axis runs across, all else down."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image

from if_graph.batch.files import are_there
from if_graph.batch.jobs import Axis, JobTable
from if_graph.batch.names import SHEET, short_names
from if_graph.batch.record import JobResult
from if_graph.contact_sheet import contact_sheet
from if_graph.errors import WorkflowError
from if_graph.files import unfinished

LARGEST, SMALLEST = 256, 32  # sides of a cell in pixels
LONGEST_SIDE = 8192
WIDEST_ROW = 10  # a single axis longer than this is broken into rows
ROW = 8
MOST = 4096


def write_sheet(out: Path, table: JobTable, results: Sequence[JobResult]) -> Path | None:
    """Write the contact sheet and return its path; None where there are no pictures, or too many.

    A job is shown by its largest picture, the first of those if it has several.

    Args:
        out: the batch's folder.
        table: the jobs.
        results: how each of them ended, in the same order.

    Raises:
        WorkflowError: if it cannot be written.
    """
    if len(results) > MOST or not any(_pictures(out, result) for result in results):
        return None
    labels = _labels(table)
    side = _side(len(results), labels["columns"])
    cells = [_cell(_pictures(out, result), side) for result in results]
    if not any(cells):
        return None
    path = out / SHEET
    try:
        with unfinished(path) as part:
            contact_sheet(cells, **labels).save(part, format="PNG")
    except OSError as error:
        raise WorkflowError(f"{path} cannot be written: {error}; make room") from error
    return path


def _labels(table: JobTable) -> dict[str, Any]:
    """Say what stands around the pictures and how many of them make a row."""
    if not table.axes:
        return {"captions": table.rows, "columns": min(ROW, len(table.rows))}
    across = list(_axis_labels(table.axes[-1:]))
    if not table.rows and len(table.axes) == 1 and len(across) > WIDEST_ROW:
        return {"captions": across, "columns": ROW}
    parts = product(table.rows or ("",), _axis_labels(table.axes[:-1]))
    down = [", ".join(part for part in both if part) for both in parts]
    return {"across": across, "columns": len(across), "down": down if any(down) else ()}


def _axis_labels(axes: Sequence[Axis]) -> Iterator[str]:
    names = short_names([axis.target for axis in axes])
    for values in product(*(axis.values for axis in axes)):
        parts = (f"{name} = {_shown(value)}" for name, value in zip(names, values, strict=True))
        yield ", ".join(parts)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _side(count: int, columns: int) -> int:
    """Return the side of a cell that keeps the whole sheet within bounds."""
    longest = max(columns, -(-count // columns)) + 1
    return max(SMALLEST, min(LARGEST, LONGEST_SIDE // longest))


def _pictures(out: Path, result: JobResult) -> list[Path]:
    if not are_there(out, result.files):
        return []
    return [out / name for name in result.files if name.lower().endswith(".png")]


def _cell(paths: Sequence[Path], side: int) -> Image.Image | None:
    """Return the largest picture at the size of a cell; small ones keep hard pixels."""
    found: Mapping[Path, int] = {path: area for path in paths if (area := _area(path))}
    if not found:
        return None
    largest = max(found, key=lambda path: found[path])
    with Image.open(largest) as opened:
        picture = opened.convert("RGB")
    longest = max(picture.size)
    scale = side // longest if longest <= side else side / longest
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.LANCZOS)


def _area(path: Path) -> int:
    with suppress(OSError, ValueError), Image.open(path) as picture:
        return picture.width * picture.height
    return 0
