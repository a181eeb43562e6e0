import json
import multiprocessing
import os
import re
import signal
import sys
from pathlib import Path

import pytest
from if_graph_nodes.core import SaveImage

from if_graph.cli import main
from if_graph.files import part_of
from if_graph.graph.run_folder import RunFolder
from if_graph.graph.run_store import RunStore

forks = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


@pytest.fixture
def flow(toy_module, monkeypatch, picture_flow, save):
    """A picture, saved, then a number that cannot be divided."""
    monkeypatch.setitem(toy_module.NODE_CLASS_MAPPINGS, "SaveImage", SaveImage)
    picture_flow["2"]["class_type"] = "SaveImage"
    picture_flow["3"] = {"class_type": "Fickle", "inputs": {"value": 1}}
    picture_flow["4"] = {"class_type": "Fail", "inputs": {"value": ["3", 0]}}
    picture_flow["5"] = {"class_type": "Show", "inputs": {"value": ["4", 0]}}
    return save(picture_flow)


@pytest.fixture
def repaired(toy_module, monkeypatch):
    return lambda: monkeypatch.setattr(toy_module.Fail, "make", lambda self, value: (value,))


@pytest.fixture
def killed(command):
    """Run ``if-graph`` in a process that kills itself."""

    def run(*arguments):
        process = multiprocessing.get_context("fork").Process(target=main, args=(arguments,))
        process.start()
        process.join(60)
        return process.exitcode

    return run


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_only_what_had_not_finished_is_repeated(command, flow, repaired, toy_module, tmp_path):
    assert command("run", flow, "--out", "made")[0] == 1
    assert toy_module.CALLS == ["Picture", "Fickle", "Fail"]
    repaired()
    code, out, _ = command("run", "--resume", "--out", "made", "--json")
    assert (code, toy_module.CALLS[3:]) == (0, ["Fail", "Show"])
    assert json.loads(out)["images"] == ["made/cat_00001_.png"]
    assert files(tmp_path / "made") == ["cat_00001_.png"]


def test_the_error_ends_in_the_command_that_goes_on(command, flow, repaired):
    err = command("run", flow, "--out", "made here", "--input", "in")[2]
    how = re.search(r"go on with 'if-graph (run --resume \S+ --out )'made here'( --input in)'\n$", err)
    repaired()
    assert command(*how[1].split(), "made here", *how[2].split())[0] == 0


def test_the_workflow_is_the_one_that_was_begun(command, flow, repaired, save, tmp_path):
    command("run", flow, "--set", "Paint.seed=8")
    repaired()
    save({}, flow)
    assert command("run", "--resume")[0] == 0
    assert b'"seed": 8' in (tmp_path / "output" / "cat_00001_.png").read_bytes()


def test_a_picture_that_was_removed_is_saved_again(command, flow, repaired, tmp_path):
    command("run", flow)
    picture = tmp_path / "output" / "cat_00001_.png"
    before = picture.read_bytes()
    picture.unlink()
    repaired()
    assert command("run", "--resume", "--quiet")[1] == "output/cat_00001_.png\n"
    assert picture.read_bytes() == before


def test_another_run_does_not_take_what_only_one_may_use(command, flow, repaired, toy_module):
    repaired()
    for _ in range(2):
        assert command("run", flow, "--cache", "kept")[0] == 0
    assert toy_module.CALLS[4:] == ["Fickle", "Fail", "Show"]


def dies_before(self, **inputs):
    """Be killed while a picture is being written."""
    part_of(Path("output/half.png").resolve()).write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)


def dies_after(self, key, result, seconds):
    """Be killed when a picture is saved but nobody has noted that it is."""
    if result.ui is not None:
        os.kill(os.getpid(), signal.SIGKILL)


@forks
@pytest.mark.parametrize(
    ("where", "dies"), [((SaveImage, "run"), dies_before), ((RunStore, "put"), dies_after)]
)
def test_a_kill_beside_a_saving_leaves_one_picture(
    where, dies, command, flow, repaired, killed, monkeypatch, tmp_path
):
    with monkeypatch.context() as patch:
        patch.setattr(*where, dies)
        assert killed("run", flow) == -signal.SIGKILL
    assert len(files(tmp_path / "output")) > 3
    repaired()
    assert command("run", "--resume", "--quiet")[:2] == (0, "output/cat_00001_.png\n")
    assert files(tmp_path / "output") == ["cat_00001_.png"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--resume"], "no run in elsewhere is unfinished"),
        (["--resume", "--seed", "1"], "got '--seed' as well"),
        (["other.json", "--resume"], "got 'other.json' as well"),
    ],
)
def test_what_cannot_be_resumed_is_said(options, said, command, flow, tmp_path):
    code, _, err = command("run", *options, "--out", "elsewhere")
    assert code == 2
    assert said in err
    assert not (tmp_path / "elsewhere").exists()


def test_a_run_is_named_among_several_unless_it_is_still_going_on(command, flow, repaired, tmp_path):
    for _ in range(2):
        command("run", flow)
    old, new = sorted(path for path in (tmp_path / "output" / ".runs").iterdir())
    repaired()
    assert f"expected one of '{old.name}', '{new.name}'" in command("run", "--resume", "none")[2]
    busy = RunFolder(new)
    busy.take_up()
    assert command("run", "--resume", new.name)[0] == 2
    assert command("run", "--resume")[0] == 0  # the other one
    busy.leave()
    assert [path.name for path in (tmp_path / "output" / ".runs").iterdir()] == [new.name]


def test_a_journal_cannot_lead_out_of_the_output_folder(command, flow, repaired, tmp_path):
    command("run", flow, "--out", "a/b")
    journal = next((tmp_path / "a").rglob("journal.jsonl"))
    lies = [{"node": "2", "saves": "../../out.png"}, {"mark": "/../../keep.part"}, [], {"half": "a line"}]
    journal.write_text("\n".join(json.dumps(lie) for lie in lies)[:-5])
    (tmp_path / "keep.part").touch()
    (tmp_path / "a" / "b" / "cat_00001_.png").unlink()
    repaired()
    assert command("run", "--resume", "--out", "a/b")[0] == 0
    assert files(tmp_path / "a") == ["b/cat_00001_.png"]
    assert not (tmp_path / "out.png").exists()
    assert (tmp_path / "keep.part").exists()


@pytest.mark.parametrize("damage", ["{", "{}", '{"workflow": 3, "editor": null}'])
def test_a_damaged_record_is_said(damage, command, flow, tmp_path):
    command("run", flow)
    next(tmp_path.rglob("run.json")).write_text(damage)
    code, _, err = command("run", "--resume")
    assert (code, "does not hold a run" in err) == (2, True)


@pytest.mark.parametrize("kind", ["Fail", "Nowhere"])
def test_a_run_that_finished_nothing_leaves_nothing(kind, command, save, tmp_path):
    flow = {
        "1": {"class_type": kind, "inputs": {"value": 1}},
        "2": {"class_type": "Show", "inputs": {"value": ["1", 0]}},
    }
    err = command("run", save(flow))[2]
    assert "go on with" not in err
    assert not (tmp_path / "output").exists()


def test_an_output_folder_that_cannot_be_is_said_before_any_work(command, flow, toy_module, tmp_path):
    (tmp_path / "file").touch()
    code, _, err = command("run", flow, "--out", "file")
    assert (code, toy_module.CALLS) == (2, [])
    assert "cannot hold the run's folder" in err


@forks
def test_a_second_ctrl_c_ends_at_once(command, save, toy_module, monkeypatch):
    began = multiprocessing.get_context("fork").Event()

    def never_reports(self, value, steps):
        began.set()
        while True:
            signal.pause()

    monkeypatch.setattr(toy_module.Steps, "make", never_reports)
    nodes = {
        "1": {"class_type": "Steps", "inputs": {"value": 1, "steps": 9}},
        "2": {"class_type": "Show", "inputs": {"value": ["1", 0]}},
    }
    flow = save(nodes)
    process = multiprocessing.get_context("fork").Process(target=main, args=(["run", flow],))
    process.start()
    assert began.wait(60)
    while process.exitcode is None:
        os.kill(process.pid, signal.SIGINT)
        process.join(0.2)
    assert process.exitcode == -signal.SIGINT


def test_unfinished_runs_do_not_pile_up(command, flow, monkeypatch, tmp_path):
    monkeypatch.setattr("if_graph.graph.run_folder.KEPT", 2)
    runs = tmp_path / "output" / ".runs"
    (runs / "20200101-000000-000-00").mkdir(parents=True)
    (runs / "20200101-000000-000-00" / "lock").touch()  # killed as it began
    seen = set()
    for _ in range(3):
        command("run", flow)
        seen |= {path.name for path in runs.iterdir()}
    assert len(seen) == 3
    assert {path.name for path in runs.iterdir()} == set(sorted(seen)[-2:])


def test_what_only_looks_like_a_run_is_left_alone(command, flow, tmp_path):
    for folder in ("mine", "output/.runs/other"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "lock").touch()
    (tmp_path / "output" / ".runs" / "20200101-000000-000-00").symlink_to(tmp_path / "mine")
    command("run", flow)
    assert (tmp_path / "mine" / "lock").exists()
    assert (tmp_path / "output" / ".runs" / "other" / "lock").exists()
