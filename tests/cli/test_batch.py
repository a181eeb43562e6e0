"""The command: exit codes, results on disk, resuming, and files and options that are refused."""

import json

import pytest
from PIL import Image

from if_graph.cli.exits import SOME_FAILED
from if_graph.files import only_user


@pytest.fixture
def results(tmp_path):
    """What the batch in ``out`` has recorded, by job id."""

    def read():
        lines = (tmp_path / "out" / "results.jsonl").read_text().split("\n")[:-1]
        return {record["id"]: record for record in map(json.loads, lines)}

    return read


@pytest.fixture
def failing_flow():
    """A workflow that divides by zero where its number is 0, and else adds one to it."""
    return {
        "1": {"class_type": "Inverse", "inputs": {"value": 1}, "_meta": {"title": "Divide"}},
        "2": {"class_type": "Show", "inputs": {"value": ["1", 0]}},
    }


def test_a_sweep_makes_a_folder_per_job_a_record_and_a_contact_sheet(
    command, save, picture_flow, tmp_path, results
):
    sweeps = ["--sweep", "seed=1..2", "--sweep", "Paint.strength=0.25,1"]
    code, out, err = command("batch", save(picture_flow), *sweeps, "--out", "out")
    ids = [f"seed={seed},strength={strength}" for seed in (1, 2) for strength in (0.25, 1)]
    assert (code, out) == (0, "out/results.jsonl\nout/contact-sheet.png\n")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        [*ids, ".lock", "results.jsonl", "contact-sheet.png"]
    )
    record = results()["seed=2,strength=0.25"]
    assert (record["status"], record["settings"]) == ("done", {"seed": 2, "Paint.strength": 0.25})
    assert record["files"] == ["seed=2,strength=0.25/cat_00001_.png"]
    assert err.splitlines()[0] == "4 jobs to do"
    assert err.splitlines()[-1] == "[4/4 jobs] seed=2,strength=1: done"


def test_a_second_batch_keeps_out_of_a_folder_that_is_in_use(command, save, picture_flow, tmp_path, results):
    ask = ("batch", save(picture_flow), "--sweep", "seed=1..2", "--out", "out")
    with only_user(tmp_path / "out", ".lock", "batch", "choose another --out"):
        left = tmp_path / "out" / ".seed=1.123.part"
        left.mkdir()
        code, out, err = command(*ask)
        assert left.is_dir()  # the first one's
    assert (code, out) == (2, "")
    assert err == "if-graph: another batch uses out; end it, or choose another --out\n"
    assert command(*ask)[0] == 0
    assert len(results()) == 2
    assert not left.exists()


def test_a_saved_picture_carries_its_own_jobs_settings(command, save, picture_flow, tmp_path):
    command("batch", save(picture_flow), "--sweep", "seed=7,8", "--out", "out", "--prompt", "a dog")
    with Image.open(tmp_path / "out" / "seed=8" / "cat_00001_.png") as picture:
        inputs = json.loads(picture.text["prompt"])["1"]["inputs"]
    assert (inputs["seed"], inputs["prompt"]) == (8, "a dog")


def test_csv_cells_are_read_as_their_inputs_want_and_empty_ones_change_nothing(
    command, save, picture_flow, results
):
    table = 'id,prompt,1.width,Paint.flip,strength note\nx,"7, or so",3,true,\ny,,,,\n'.replace(
        ",strength note", ",Paint.mode"
    )
    assert command("batch", save(picture_flow), save(table, "jobs.csv"), "--out", "out")[0] == 0
    assert results()["x"]["settings"] == {"prompt": "7, or so", "1.width": 3, "Paint.flip": True}
    assert results()["y"]["settings"] == {}


def test_json_lines_keep_their_types_and_rows_without_an_id_are_numbered(
    command, save, picture_flow, results
):
    lines = '\ufeff{"prompt": "a\\u2028b", "Paint.strength": 0.5}\n\n{"seed": 3, "prompt": null}\r\n'
    assert command("batch", save(picture_flow), save(lines, "jobs.jsonl"), "--out", "out")[0] == 0
    assert results()["0001"]["settings"] == {"prompt": "a\u2028b", "Paint.strength": 0.5}
    assert results()["0002"]["settings"] == {"seed": 3}


def test_every_row_is_done_at_every_place_of_the_grid(command, save, picture_flow, results):
    rows = save("id,prompt\ncat,a cat\ndog,a dog\n", "jobs.csv")
    assert command("batch", save(picture_flow), rows, "--sweep", "seed=1,2", "--out", "out")[0] == 0
    assert list(results()) == ["cat,seed=1", "cat,seed=2", "dog,seed=1", "dog,seed=2"]


def test_a_failed_job_is_recorded_and_the_rest_goes_on(command, save, failing_flow, results):
    code, _, err = command("batch", save(failing_flow), "--sweep", "1.value=1,0,2", "--out", "out", "--quiet")
    assert code == SOME_FAILED
    assert [record["status"] for record in results().values()] == ["done", "failed", "done"]
    reason = "node 1 'Divide' (Inverse) failed: ZeroDivisionError: "
    assert results()["value=0"]["error"].startswith(reason)
    assert err.startswith(f"if-graph: 1 of 3 jobs failed, the first is 'value=0': {reason}")


def test_resuming_does_what_is_not_done_and_nothing_else(command, save, picture_flow, toy_module, results):
    file = save(picture_flow)
    command("batch", file, "--sweep", "seed=1,2", "--out", "out")
    toy_module.CALLS.clear()
    code, _, err = command("batch", file, "--sweep", "seed=1..3", "--out", "out", "--resume")
    assert (code, toy_module.CALLS) == (0, ["Picture", "SavePicture"])
    assert err.startswith("1 jobs to do, 2 are done already\n")
    assert list(results()) == ["seed=1", "seed=2", "seed=3"]


def test_a_job_whose_pictures_are_gone_is_done_again(command, save, picture_flow, tmp_path, toy_module):
    options = ["batch", save(picture_flow), "--sweep", "seed=1,2", "--out", "out"]
    command(*options)
    (tmp_path / "out" / "seed=2" / "cat_00001_.png").unlink()
    toy_module.CALLS.clear()
    assert command(*options, "--resume")[0] == 0
    assert toy_module.CALLS == ["Picture", "SavePicture"]
    assert (tmp_path / "out" / "seed=2" / "cat_00001_.png").exists()


def test_a_failed_job_is_tried_again_on_resuming(command, save, failing_flow, results, toy_module):
    command("batch", save(failing_flow), save("id,1.value\na,1\nb,0\n", "jobs.csv"), "--out", "out")
    toy_module.CALLS.clear()
    rows = save("id,1.value\na,1\nb,5\n", "jobs.csv")
    assert command("batch", "flow.json", rows, "--out", "out", "--resume")[0] == 0
    assert toy_module.CALLS == ["Inverse", "Show"]
    assert results()["b"]["status"] == "done"


def test_a_line_cut_short_by_a_kill_costs_that_job_only(command, save, picture_flow, tmp_path, results):
    options = ["batch", save(picture_flow), "--sweep", "seed=1,2", "--out", "out"]
    command(*options)
    path = tmp_path / "out" / "results.jsonl"
    path.write_text(path.read_text()[:-20])
    (tmp_path / "out" / "seed=2" / "cat_00001_.png").replace(tmp_path / "elsewhere.png")
    (tmp_path / "out" / "seed=2").rmdir()
    assert command(*options, "--resume")[0] == 0
    assert [record["status"] for record in results().values()] == ["done", "done"]


def test_a_dry_run_lists_the_jobs_and_writes_nothing(command, save, picture_flow, tmp_path):
    code, out, _ = command("batch", save(picture_flow), "--sweep", "seed=1,2", "--out", "out", "--dry-run")
    assert (code, out) == (0, "seed=1\nseed=2\n")
    assert not (tmp_path / "out").exists()


FILES = {
    "not a jobs file": ("jobs.txt", "x", "jobs file jobs.txt ends in '.txt', expected .jsonl or .csv"),
    "empty": ("jobs.csv", "", "jobs.csv holds no jobs, expected a line for each"),
    "header alone": ("jobs.csv", "seed\n", "jobs.csv holds no jobs"),
    "nameless column": ("jobs.csv", "seed,\n1,2\n", "jobs.csv line 1: a column has no name"),
    "column twice": ("jobs.csv", "seed,seed\n1,2\n", "jobs.csv line 1: column 'seed' is there twice"),
    "unknown column": (
        "jobs.csv",
        "sed\n1\n",
        "jobs.csv line 2, 'sed': got 'sed', expected NODE.INPUT or one of 'prompt', 'seed', 'guidance'",
    ),
    "unknown node": ("jobs.csv", "Pain.width\n1\n", "'Pain.width': no node has the id or title 'Pain'"),
    "unknown input": (
        "jobs.jsonl",
        '{"Paint.widht": 3}',
        "jobs.jsonl line 1 (job '0001'), 'Paint.widht': node 1 'Paint' (Picture): there is no input 'widht'",
    ),
    "short row": ("jobs.csv", "seed,prompt\n1\n", "jobs.csv line 2 has 1 cells, expected 2 as in line 1"),
    "open quote": ("jobs.csv", 'prompt\n"a cat\n', "jobs.csv line 2 is not CSV: unexpected end of data"),
    "no number": (
        "jobs.csv",
        "Paint.width\nwide\n",
        "jobs.csv line 2 (job '0001'): node 1 'Paint' (Picture): input 'width' got \"wide\", expected INT",
    ),
    "out of range in the last row": (
        "jobs.csv",
        "Paint.width\n4\n99\n",
        "jobs.csv line 3 (job '0002'): node 1 'Paint' (Picture): input 'width' got 99, expected at most 64",
    ),
    "no such choice": (
        "jobs.jsonl",
        '{"Paint.mode": "grey"}',
        "input 'mode' got \"grey\", expected one of 'gray', 'color'",
    ),
    "a list": ("jobs.jsonl", "[1]", "jobs.jsonl line 1 is a list, expected an object of values by target"),
    "cut off": ("jobs.jsonl", '{"seed": 1}\n{"seed": ', "jobs.jsonl line 2 is not JSON: Expecting value"),
    "key twice": ("jobs.jsonl", '{"seed": 1, "seed": 2}', "line 1 is not JSON: 'seed' is there twice"),
    "nested without end": ("jobs.jsonl", '{"a":' + "[" * 100_000, "is not JSON: it is nested too deeply"),
    "id leads out": ("jobs.jsonl", '{"id": "../x"}', 'jobs.jsonl line 1: id "../x" names the job\'s folder'),
    "id of a file of ours": ("jobs.csv", "id\nresults.jsonl\n", 'id "results.jsonl" names the job\'s folder'),
    "id too long": ("jobs.csv", f"id\n{'é' * 91}\n", "at most 180 bytes in all"),
    "id is a list": ("jobs.jsonl", '{"id": []}', "jobs.jsonl line 1: id [] names the job's folder"),
    "ids alike": (
        "jobs.csv",
        "id\na\nA\n",
        "jobs.csv line 3 (job 'A') and jobs.csv line 2 (job 'a') would share a folder",
    ),
    "one input by two names": (
        "jobs.csv",
        "1.seed,Paint.seed\n1,2\n",
        "jobs.csv line 2 (job '0001'): '1.seed' and 'Paint.seed' set the same input; leave one of them out",
    ),
    "not UTF-8": ("jobs.csv", b"seed\n\xff\n", "jobs file jobs.csv cannot be read: 'utf-8' codec"),
}


def assert_refused(answer, message, toy_module, folder, *files):
    code, out, err = answer
    assert (code, out, toy_module.CALLS) == (2, "", [])
    assert message in err
    assert err.startswith("if-graph: ")
    assert err.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == sorted(files)


@pytest.mark.parametrize(("name", "text", "message"), FILES.values(), ids=FILES)
def test_a_malformed_jobs_file_is_refused(
    name, text, message, command, save, picture_flow, toy_module, tmp_path
):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    answer = command("batch", save(picture_flow), name, "--out", "out")
    assert_refused(answer, message, toy_module, tmp_path, "flow.json", name)


def test_a_jobs_file_that_is_not_there_is_refused(command, save, picture_flow, toy_module, tmp_path):
    answer = command("batch", save(picture_flow), "jobs.csv", "--out", "out")
    assert_refused(answer, "jobs file jobs.csv cannot be read", toy_module, tmp_path, "flow.json")


SWEEPS = {
    "nothing to do": ([], "there are no jobs; give a jobs file, a sweep, or both"),
    "no equals sign": (["--sweep", "seed"], "--sweep got 'seed', expected TARGET=VALUES"),
    "no values": (["--sweep", "seed="], "the sweep of 'seed' has no values"),
    "an empty value": (["--sweep", "seed=1,,2"], "--sweep 'seed=1,,2': a value between the commas is empty"),
    "a value twice": (["--sweep", "seed=1..3,2"], "the sweep of 'seed' lists 2 twice"),
    "a target twice": (["--sweep", "seed=1", "--sweep", "seed=2"], "'seed' and 'seed' set the same input"),
    "no such input": (["--sweep", "guidance=4,7"], "no node of the workflow has a guidance of its own"),
    "out of range": (["--sweep", "Paint.width=4,99"], "job 'width=99': node 1 'Paint' (Picture): input"),
    "endless": (["--sweep", "seed=1..999999999"], "the range has 999999999 values, expected at most 100000"),
    "too many": (["--sweep", "seed=1..999", "--sweep", "1.width=1..999"], "these are 998001 jobs"),
    "bad list": (["--sweep", 'prompt=["a'], "its values are not a JSON list"),
    "no wave": (["--sweep", "seed=1", "--wave", "0"], "a wave of 0 jobs is none, expected at least 1"),
}


@pytest.mark.parametrize(("options", "message"), SWEEPS.values(), ids=SWEEPS)
def test_a_sweep_that_cannot_be_is_refused(
    options, message, command, save, picture_flow, toy_module, tmp_path
):
    answer = command("batch", save(picture_flow), *options, "--out", "out")
    assert_refused(answer, message, toy_module, tmp_path, "flow.json")


def test_a_folder_with_results_is_left_alone(command, save, picture_flow, toy_module, tmp_path):
    options = ["batch", save(picture_flow), "--sweep", "seed=1", "--out", "out"]
    command(*options)
    toy_module.CALLS.clear()
    assert_refused(command(*options), "holds the results of 1 jobs; add --resume", toy_module, tmp_path,
                   "flow.json", "out")  # fmt: skip
    answer = command(*options, "--resume", "--prompt", "another")
    assert_refused(answer, "as done with another workflow", toy_module, tmp_path, "flow.json", "out")


def test_a_folder_of_the_users_is_no_jobs_folder(command, save, picture_flow, toy_module, tmp_path):
    (tmp_path / "seed=1").mkdir()
    answer = command("batch", save(picture_flow), "--sweep", "seed=1", "--out", ".")
    assert_refused(
        answer, "job 'seed=1': seed=1 is there already", toy_module, tmp_path, "flow.json", "seed=1"
    )
