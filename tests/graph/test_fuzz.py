"""Damaged workflow files, read and run: a result or one clear sentence, and nothing written elsewhere."""

import importlib.util
import json
import random
import signal
import sys
from pathlib import Path

import pytest
import torch
from if_graph_nodes import core

from if_graph.errors import IFGraphError
from if_graph.folders import Folders, using_folders
from if_graph.graph import Executor, load_workflow
from if_graph.graph.registry import NodeClasses

HERE = Path(__file__).parent
SOURCES = sorted([*HERE.glob("conversion/*.*.json"), *HERE.glob("conversion/shipped/*.api.json"),
                  *HERE.parents[1].glob("workflows/*.json")])  # fmt: skip
CPU_SECONDS = 20  # for one file; far more than any takes


def _mutations():
    spec = importlib.util.spec_from_file_location("if_graph_mutations", HERE / "mutations.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MANNERS = _mutations().MANNERS


def stand_in(name, entry):
    """Return a class that takes and returns what its description says, and does nothing."""
    made = {
        "IMAGE": torch.zeros(1, 2, 2, 3),
        "MASK": torch.zeros(1, 2, 2),
        "STRING": "",
        "INT": 1,
        "FLOAT": 0.5,
    }
    results = tuple(made.get(kind) if isinstance(kind, str) else "x" for kind in entry["output"])
    return type(name, (), {
        "INPUT_TYPES": classmethod(lambda cls: entry["input"]), "RETURN_TYPES": tuple(entry["output"]),
        "FUNCTION": "run", "OUTPUT_NODE": entry["output_node"], "run": lambda self, **inputs: results,
    })  # fmt: skip


@pytest.fixture(scope="module")
def all_classes():
    info = {}
    for path in (
        HERE / "conversion" / "object_info.json",
        HERE / "conversion" / "shipped" / "object_info.json",
    ):
        info |= json.loads(path.read_text())
    return NodeClasses({n: stand_in(n, entry) for n, entry in info.items()} | core.NODE_CLASS_MAPPINGS)


@pytest.fixture(scope="module")
def sources():
    return [json.loads(path.read_text()) for path in SOURCES if path.name != "object_info.json"]


@pytest.fixture
def answer(tmp_path, monkeypatch, all_classes):
    """Run a file in a folder of its own: return why it cannot run, or an empty string."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inner" / "in").mkdir(parents=True)
    folders = Folders(Path("inner/in"), Path("inner/out"), Path("inner/temp"))
    too_long = signal.signal(signal.SIGVTALRM, lambda *_: pytest.fail("it hangs"))

    def answer(data):
        Path("inner/in/flow").write_bytes(data)
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
        try:
            with using_folders(folders):
                Executor(all_classes).run(load_workflow(Path("inner/in/flow"), all_classes))
        except IFGraphError as error:
            return str(error)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        return ""

    yield answer
    signal.signal(signal.SIGVTALRM, too_long)


def check(manner, count, sources, answer, tmp_path):
    answers = []
    for i in range(count):
        dice = random.Random(f"{manner} {i}")
        try:
            answers.append(answer(MANNERS[manner](dice.choice(sources), dice)))
        except Exception as error:
            raise AssertionError(f"mutation {i} of '{manner}' raised {type(error).__name__}") from error
    assert not [text for text in answers if "\n" in text or text.endswith(".") or len(text) > 2000]
    assert "" in answers
    assert len(set(answers)) >= 3, set(answers)  # and not one sentence for all
    assert {path.name for path in tmp_path.iterdir()} == {"inner"}
    assert {path.name for path in (tmp_path / "inner").iterdir()} <= {"in", "out", "temp"}
    assert [path.name for path in (tmp_path / "inner" / "in").iterdir()] == ["flow"]
    assert not list(Path("/").glob("escaped*"))


@pytest.mark.skipif(sys.platform == "win32", reason="no timer of CPU time")
@pytest.mark.parametrize("manner", MANNERS)
def test_damage_is_answered_by_a_result_or_one_sentence(manner, sources, answer, tmp_path):
    check(manner, 150, sources, answer, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no timer of CPU time")
@pytest.mark.parametrize("manner", MANNERS)
def test_damage_is_answered_so_two_thousand_times_in_each_manner(manner, sources, answer, tmp_path):
    check(manner, 2000, sources, answer, tmp_path)
