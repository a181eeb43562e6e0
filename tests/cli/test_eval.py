"""``if-graph eval``: stages in order, wishes with seeds, clear answers to what cannot be judged."""

import json

import pytest

from if_graph.cli import main
from if_graph.training.world import svgs

QUICK = ["--set", "Stage I.width=32", "--set", "Stage I.height=32", "--set", "Stage I schedule.steps=2"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--prompts", "0"], "--prompts is 0, expected at least 1"),
        (["--stage", "4"], "argument --stage/--up-to: invalid choice"),
        (["super-resolution"], "the workflow has 0 nodes of class IFStageI, expected one to judge"),
        (["no-such"], "no file or shipped workflow is called 'no-such'"),
    ],
)
def test_what_cannot_be_judged_is_said_at_once(words, told, capsys):
    assert main(["eval", *words]) == 2
    assert told in capsys.readouterr().err


needs_drawings = pytest.mark.skipif(
    bool(svgs.missing_files(svgs.WORLD.values())), reason=f"needs the drawings: {svgs.FETCH_COMMAND}"
)


@needs_drawings
def test_it_prints_shares_and_saves_a_sheet(tmp_path, capsys):
    sheet = ["--sheet", str(tmp_path / "sheet.png")]
    assert main(["eval", "--prompts", "2", "--stage", "1", *QUICK, "--json", *sheet]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["stage"], told["pictures"]) == ("I", 2)
    assert 0 <= told["background"] <= 1
    assert (tmp_path / "sheet.png").stat().st_size > 1000


@needs_drawings
def test_a_stopped_evaluation_goes_on_and_paints_only_the_rest(tmp_path, capsys):
    words = ["eval", "--stage", "1", *QUICK, "--out", str(tmp_path), "--json"]
    assert main([*words, "--prompts", "1"]) == 0
    first = (tmp_path / "verdicts.jsonl").read_bytes()
    (tmp_path / "verdicts.jsonl").write_bytes(first + b'{"I": {"backgr')  # a kill in the middle of a line
    assert main([*words, "--prompts", "2"]) == 0
    assert (tmp_path / "verdicts.jsonl").read_bytes().startswith(first + b'{"I": {"background"')
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["pictures"] == 2


@needs_drawings
def test_verdicts_of_other_settings_are_not_taken_up(tmp_path, capsys):
    words = ["eval", "--stage", "1", *QUICK, "--out", str(tmp_path), "--prompts", "1"]
    assert main(words) == 0
    assert main([*words, "--seed", "5"]) == 2
    assert "holds an evaluation with other settings" in capsys.readouterr().err
