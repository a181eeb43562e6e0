import os
import signal
import subprocess
import sys

import pytest

from if_graph.cli import main
from if_graph.training.curve import Axis, smoothed


@pytest.fixture
def command(recipe_file, capsys):
    """Run ``if-graph train`` on the tiny recipe: (exit code, stdout, stderr)."""

    def run(*arguments, recipe=recipe_file):
        code = main(["train", str(recipe), *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


def test_a_recipe_becomes_a_checkpoint(command, tmp_path):
    code, out, err = command("--out", tmp_path / "run", "--set", "steps=2", "--sheet-every", "0")
    assert (code, out) == (0, f"{tmp_path / 'run' / 'checkpoint'}\n")
    assert "[2/2] loss " in err
    assert "pictures/s, 0.0 s left" in err
    assert (tmp_path / "run" / "checkpoint" / "unet" / "config.json").is_file()
    assert not (tmp_path / "run" / "sheets").exists()


def test_the_text_encoders_lesson_shows_its_progress(command, tmp_path):
    arguments = ("--set", "steps=1", "--set", "text_lesson=3", "--sheet-every", "0")
    code, _, err = command("--out", tmp_path / "run", *arguments)
    assert code == 0
    assert "text encoder [3/3] loss " in err
    assert "\n[1/1] loss " in err


def test_ctrl_c_in_the_lesson_ends_it(command, tmp_path, monkeypatch):
    from if_graph.training import run

    def lesson(*arguments):
        for report in true_lesson(*arguments):
            os.kill(os.getpid(), signal.SIGINT)
            yield report

    true_lesson = run.teach_text
    monkeypatch.setattr(run, "teach_text", lesson)
    code, _, err = command("--out", tmp_path / "run", "--set", "text_lesson=3")
    assert code == 130
    assert "step 1 of 3 of the text encoder's lesson, nothing saved yet" in err
    assert not (tmp_path / "run" / "checkpoint").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "steps"], "expected KEY=VALUE"),
        (["--set", "steps=-1"], "steps is -1"),
        (["--set", "speed=9"], "unknown field 'speed'"),
        (["--set", "side=9"], "expected a multiple of 2"),
        (["--set", "unet.block_out_channels=[32,65]"], "no network can be built"),
        (["--set", "data.folder=/nowhere"], "no picture with a caption"),
        (["--set", "data.kind=web"], "data kind is 'web'"),
        (["--start-from", "/nowhere"], "no average.safetensors"),
        (["--start-text-from", "/nowhere"], "/nowhere"),
        (["--threads", "0"], "--threads is 0"),
        (["--save-every", "-1"], "--save-every is -1.0"),
        (["--sheet-every", "nan"], "--sheet-every is nan"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence_and_nothing_written(command, tmp_path, arguments, message):
    code, out, err = command("--out", tmp_path / "run", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert not (tmp_path / "run").exists()


def test_an_unknown_recipe_is_one_sentence(command, tmp_path):
    code, _, err = command("--out", tmp_path / "run", recipe="nano_stage_9")
    assert (code, err.count("\n")) == (2, 1)
    assert "nano_stage_1" in err


def test_help_lists_the_recipes_without_loading_torch():
    script = (
        "import sys; from if_graph.cli import main; main(['train', '--help']); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "nano_stage_2" in done.stdout
    assert done.stdout.endswith("False\n")


def test_ctrl_c_saves_the_state_and_says_how_to_go_on(command, tmp_path, monkeypatch):
    from if_graph.training.log import LossLog

    true_append = LossLog.append

    def append(self, report):
        true_append(self, report)
        if report.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(LossLog, "append", append)
    code, _, err = command("--out", tmp_path / "run")
    assert code == 130
    assert "saved at step 2 of 4, go on with the same command and --resume" in err
    assert command("--out", tmp_path / "run", "--resume", "--sheet-every", "0")[0] == 0


def test_ticks_are_round_and_inside():
    assert list(Axis(0.0, 1200.0, 0, 1).ticks()) == [0, 200, 400, 600, 800, 1000, 1200]
    assert list(Axis(1.0, 3.0, 0, 1).ticks()) == pytest.approx([1.0, 1.5, 2.0, 2.5, 3.0])


def test_smoothing_starts_at_the_first_loss_and_keeps_a_constant():
    rows = [(step, 0.5) for step in range(200)]
    assert [loss for _, loss in smoothed(rows)] == pytest.approx([0.5] * 200)
