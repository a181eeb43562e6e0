"""``if-graph bench``: nothing is kept between runs, and every second is some node's or the executor's."""

import json
from pathlib import Path

import pytest

from if_graph.graph.events import NodeFinished, NodeProgress, NodeStarted, RunFinished
from if_graph.seeing.timing import Timing, spread

FLOW = {
    "1": {"class_type": "Steps", "inputs": {"value": 7, "steps": 4}, "_meta": {"title": "Paint"}},
    "2": {"class_type": "Show", "inputs": {"value": ["1", 0]}},
}


def test_every_run_computes_everything_again_after_one_to_warm_up(command, save, toy_module):
    code, out, err = command("bench", save(FLOW), "--runs", 2, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert toy_module.CALLS == ["Steps", "Show"] * 3
    assert len(told["runs"]) == len(told["cpu"]) == len(told["executor"]) == 2
    paint = told["nodes"]["1"]
    assert (paint["label"], paint["class_type"]) == ("Paint", "Steps")
    assert (len(paint["runs"]), len(paint["firsts"]), len(paint["steps"])) == (2, 2, 6)


def test_pictures_are_thrown_away(command, save, picture_flow):
    code, out, _ = command("bench", save(picture_flow), "--runs", 1)
    assert code == 0
    assert [path.name for path in Path.cwd().rglob("*")] == ["flow.json"]
    rows = [row.split("|")[1].strip() for row in out.splitlines() if row.startswith("|")]
    assert rows == ["node", "---", "Paint", "SavePicture", "executor", "whole run", "processor time of it"]


def test_no_runs_are_refused(command, save):
    assert command("bench", save(FLOW), "--runs", 0) == (
        2,
        "",
        "if-graph: --runs is 0, expected at least 1\n",
    )


def test_the_first_step_is_kept_apart_and_the_rest_is_the_executors():
    ticks = iter([10.0, 13.0, 14.0, 16.0, 16.5, 17.0])
    timing = Timing(lambda: next(ticks))
    timing(NodeStarted("1", "Paint", "Steps"))
    for done in (1, 2, 3):
        timing(NodeProgress("1", "Paint", done, 3))
    timing(NodeFinished("1", "Paint", 6.25))
    timing(RunFinished(7.0))
    node = timing.nodes["1"]
    assert (node.firsts, node.steps, node.runs) == ([3.0], [1.0, 2.0], [6.25])
    assert timing.added == [0.75]


@pytest.mark.parametrize(("values", "text"), [([], ""), ([2.0, 1.0, 4.0], "2.0 (1.0..4.0)")])
def test_spread(values, text):
    assert spread(values, 1) == text
