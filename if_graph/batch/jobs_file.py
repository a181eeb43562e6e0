"""A jobs file -> its rows: JSON Lines with an object per job, or CSV with a column per target."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from if_graph.batch.jobs import Job
from if_graph.batch.names import checked_id
from if_graph.errors import WorkflowError
from if_graph.graph.edits import plain_value, value_of
from if_graph.graph.wording import brief, kind_of
from if_graph.graph.workflow import Workflow

Row = tuple[int, dict[str, Any]]
"""A line's number and its values by column."""


def read_jobs(path: Path, workflow: Workflow) -> list[Job]:
    """Read a jobs file.

    A column ``id`` names jobs; without it they are numbered. What is null, or an empty cell of a CSV file,
    stays as it is in the workflow. Values in a CSV file are read as the inputs they are for want them.

    Args:
        path: a file that ends in ``.jsonl`` or ``.csv``.
        workflow: what the jobs are for.

    Raises:
        WorkflowError: if it cannot be read, with the line that is wrong.
    """
    readers: dict[str, Callable[[str, str], Iterator[Row]]] = {
        ".jsonl": _json_lines,
        ".csv": lambda text, name: _csv_rows(text, name, workflow),
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise WorkflowError(f"jobs file {path} ends in '{path.suffix}', expected .jsonl or .csv; rename it")
    jobs = [job_of(f"{path.name} line {line}", row, place) for place, (line, row) in
            enumerate(reader(_text(path), path.name), 1)]  # fmt: skip
    if not jobs:
        raise WorkflowError(f"{path} holds no jobs, expected a line for each; add one")
    return jobs


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise WorkflowError(f"jobs file {path} cannot be read: {error}; give a UTF-8 text file") from error


def job_of(at: str, row: Mapping[str, Any], place: int) -> Job:
    """Return the job that a row stands for.

    Args:
        at: where the row is, for messages.
        row: values by target; ``id`` names the job, and None changes nothing.
        place: number of the row, which names a job without ``id``.

    Raises:
        WorkflowError: if the id cannot name a folder.
    """
    given = row.get("id")
    name = f"{place:04}" if given is None else checked_id(given, at)
    settings = {
        target: plain_value(value, f"{at}, '{brief(target)}'")
        for target, value in row.items()
        if target != "id" and value is not None
    }
    return Job(name, settings, at)


def _json_lines(text: str, name: str) -> Iterator[Row]:
    for line, item in enumerate(text.split("\n"), 1):  # only these end a line; texts may hold others
        if not item.strip():
            continue
        try:
            row = json.loads(item, object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise WorkflowError(f"{name} line {line} is not JSON: {reason}; correct it") from error
        if not isinstance(row, dict):
            raise WorkflowError(
                f"{name} line {line} is {kind_of(row)}, expected an object of values by target"
            )
        yield line, row


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i]))
        raise ValueError(f"'{brief(twice)}' is there twice")
    return found


def _csv_rows(text: str, name: str, workflow: Workflow) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [column.strip() for column in next(reader, [])]
        _check_header(header, name)
        for cells in reader:
            if any(cells):
                yield reader.line_num, _csv_row(cells, header, f"{name} line {reader.line_num}", workflow)
    except csv.Error as error:
        raise WorkflowError(f"{name} line {reader.line_num} is not CSV: {error}; correct it") from error


def _check_header(header: list[str], name: str) -> None:
    for column in header:
        if not column:
            raise WorkflowError(f"{name} line 1: a column has no name, expected NODE.INPUT; name it")
        if header.count(column) > 1:
            raise WorkflowError(f"{name} line 1: column '{brief(column)}' is there twice; remove one")


def _csv_row(cells: list[str], header: list[str], at: str, workflow: Workflow) -> dict[str, Any]:
    if len(cells) != len(header):
        raise WorkflowError(f"{at} has {len(cells)} cells, expected {len(header)} as in line 1; correct it")
    row: dict[str, Any] = {}
    for column, cell in zip(header, cells, strict=True):
        try:
            value = cell if column == "id" else value_of(workflow, column, cell)
        except WorkflowError as error:
            raise WorkflowError(f"{at}, '{brief(column)}': {error}") from error
        row[column] = value if cell else None
    return row
