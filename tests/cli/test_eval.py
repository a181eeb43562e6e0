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
        (["super-resolution"], "the workflow has 0 nodes of class IFStageI, expected one to judge"),
        (["no-such"], "no file or shipped workflow is called 'no-such'"),
    ],
)
def test_what_cannot_be_judged_is_said_at_once(words, told, capsys):
    assert main(["eval", *words]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.skipif(
    bool(svgs.missing_files(svgs.WORLD.values())), reason=f"needs the drawings: {svgs.FETCH_COMMAND}"
)
def test_it_prints_shares_and_saves_a_sheet(tmp_path, capsys):
    assert main(["eval", "--prompts", "2", *QUICK, "--json", "--sheet", str(tmp_path / "sheet.png")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["stage"], told["pictures"]) == ("I", 2)
    assert 0 <= told["background"] <= 1
    assert (tmp_path / "sheet.png").stat().st_size > 1000
