"""Where pictures and labels stand on a contact sheet."""

import numpy as np
import pytest
from PIL import Image

from if_graph.batch.jobs import Axis, Job, job_table
from if_graph.batch.record import JobResult
from if_graph.batch.sheet import LARGEST, ROW, write_sheet
from if_graph.contact_sheet import GAP, LINE, LINES

HEAD = LINE * LINES
STEP = LARGEST + GAP


@pytest.fixture
def sheet(flow, tmp_path):
    """Make the sheet of a grid in which job number i is a plain picture of gray level 10 (i + 1)."""

    def make(grid, rows=(), failed=(), side=8):
        workflow = flow(a=("Number", {"value": 1}), b=("Number", {"value": 1}), c=("Number", {"value": 1}))
        table = job_table(workflow, rows, [Axis(f"{k}.value", tuple(v)) for k, v in grid.items()])
        results = []
        for i, job in enumerate(table.jobs):
            name = f"{i}.png"
            Image.new("RGB", (side, side), (10 * i + 10,) * 3).save(tmp_path / name)
            Image.new("RGB", (2, 2), "red").save(tmp_path / f"small-{name}")
            files = () if i in failed else (f"small-{name}", name)
            results.append(JobResult(job.id, {}, files, "done", None, 0.0, ""))
        path = write_sheet(tmp_path, table, results)
        if path is None:
            return None
        with Image.open(path) as picture:
            return picture.convert("RGB")

    return make


def level(sheet, left, top):
    """The gray level in the middle of the cell with this corner."""
    return sheet.getpixel((left + LARGEST // 2, top + LARGEST // 2))[0]


def is_written(sheet, left, top, height=HEAD):
    """Whether there is white text in a cell's width from here on."""
    return bool((np.asarray(sheet)[top : top + height, left : left + LARGEST] > 200).any())


def test_the_last_axis_runs_across_and_the_first_down(sheet):
    made = sheet({"a": [1, 2], "b": [4, 7, 10]})
    assert made.size == (STEP + 3 * STEP, HEAD + 2 * STEP)
    places = [(STEP + x * STEP, HEAD + y * STEP) for y in range(2) for x in range(3)]
    assert [level(made, *place) for place in places] == [10, 20, 30, 40, 50, 60]
    assert all(is_written(made, STEP + x * STEP, 0) for x in range(3))
    assert all(is_written(made, 0, HEAD + y * STEP) for y in range(2))
    assert not is_written(made, 0, 0)


def test_more_axes_are_folded_into_the_rows(sheet):
    made = sheet({"a": [1, 2], "b": [1, 2], "c": [1, 2, 3]})
    assert made.size == (4 * STEP, HEAD + 4 * STEP)
    assert level(made, STEP, HEAD + 3 * STEP) == 100


def test_rows_of_a_jobs_file_run_down(sheet):
    made = sheet({"a": [1, 2]}, rows=[Job("cat"), Job("dog"), Job("fox")])
    assert made.size == (3 * STEP, HEAD + 3 * STEP)
    assert is_written(made, 0, HEAD + 2 * STEP)


def test_one_short_axis_is_one_row_without_labels_at_its_side(sheet):
    assert sheet({"a": [1, 2, 3]}).size == (3 * STEP, HEAD + STEP)


def test_one_long_axis_is_broken_into_rows_with_captions(sheet):
    made = sheet({"a": range(11)})
    assert made.size == (ROW * STEP, 2 * (STEP + HEAD))
    assert is_written(made, 2 * STEP, STEP + HEAD + LARGEST)


def test_a_file_alone_gives_captions(sheet):
    assert sheet({}, rows=[Job("cat"), Job("dog")]).size == (2 * STEP, STEP + HEAD)


def test_the_cell_of_a_failed_job_stays_empty(sheet):
    made = sheet({"a": [1, 2]}, failed=[0])
    assert made.getpixel((100, HEAD + 100)) == (0x30, 0x30, 0x30)
    assert level(made, STEP, HEAD) == 20


def test_large_pictures_are_shrunk_and_many_get_smaller_cells(sheet):
    assert sheet({"a": [1, 2]}, side=300).size == (2 * STEP, HEAD + STEP)
    height = sheet({"a": range(50), "b": [1]}, side=300).height
    assert 50 * 160 < height <= 8192 + 50 * GAP + HEAD


def test_without_pictures_there_is_no_sheet(sheet):
    assert sheet({"a": [1, 2]}, failed=[0, 1]) is None
