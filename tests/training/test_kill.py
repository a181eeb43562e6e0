"""``if-graph train`` under ``kill -9``: it goes on as if nothing had been, to the bit, on one thread."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from if_graph.training.log import LossLog

STEPS = 60


def command(recipe, folder, *options):
    words = [
        "train", recipe, "--out", folder, "--set", f"steps={STEPS}", "--threads", "1",
        "--save-every", "0.2", "--sheet-every", "0", *options,
    ]  # fmt: skip
    return [sys.executable, "-m", "if_graph", *map(str, words)]


def killed_while_it_trains(words, folder):
    """Start, wait for some steps after a saved state, kill; True if it was still training."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    give_up = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < give_up:
        if (folder / "state").exists() and len(LossLog(folder / "log.csv").rows()) % 20 > 10:
            os.kill(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


@pytest.mark.slow
def test_a_killed_run_has_the_loss_curve_of_a_whole_one(recipe_file, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(recipe_file, whole), check=True, capture_output=True)
    assert killed_while_it_trains(command(recipe_file, killed), killed)
    assert 0 < len(LossLog(killed / "log.csv").rows()) < STEPS
    subprocess.run(command(recipe_file, killed, "--resume"), check=True, capture_output=True)
    assert LossLog(killed / "log.csv").rows() == LossLog(whole / "log.csv").rows()
    for name in ("weights.safetensors", "average.safetensors"):
        one, two = load_file(whole / "state" / name), load_file(killed / "state" / name)
        assert all(torch.equal(one[key], two[key]) for key in one)
