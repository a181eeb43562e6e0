"""Nano runs, killed at random moments and resumed until done."""

import multiprocessing
import os
import random
import sys
import time

import pytest
import torch

from if_graph.cli import main
from if_graph.graph import load_node_classes

KILLS = int(os.environ.get("IF_GRAPH_KILLS", "8"))
TRIES = 60  # of one run
PICTURES = ["if-1024_00001_.png", "if-256_00001_.png", "if-64_00001_.png"]
SMALL = {"Stage I.width": 16, "Stage I.height": 16, "Stage I schedule.steps": 3, "Stage II schedule.steps": 2,
         "Stage III schedule.steps": 1}  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs fork"),
]


def start(out, *options):
    """Start ``if-graph run`` in a process that need not import torch again."""
    words = ["run", *options, "--out", str(out), "--cache", f"{out}-cache", "--quiet"]
    process = multiprocessing.get_context("fork").Process(target=run_alone, args=(words,))
    process.start()
    return process


def run_alone(words):
    torch.set_num_threads(1)  # a pool of threads does not survive the fork
    main(words)


def settings():
    return [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]


def pictures_in(out):
    return {path.name: path.read_bytes() for path in out.glob("*.png")}


def is_unfinished(out):
    return any(out.glob(".runs/*/run.json"))


def finish(out, dice, span):
    """Start and resume one run until it is done; return how often it was killed."""
    kills = 0
    for tries in range(TRIES):
        if not is_unfinished(out) and len(pictures_in(out)) == len(PICTURES):
            return kills
        process = start(out, *(["--resume"] if is_unfinished(out) else settings()))
        process.join(dice.uniform(0, span * 1.1**tries))  # the machine may have slowed down since
        if process.is_alive():
            process.kill()
            kills += 1
        process.join()
    raise AssertionError(f"not done after {TRIES} tries")


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_runs_killed_at_random_moments_end_in_the_same_pictures(tmp_path, capsys):
    load_node_classes()  # here, so that no process does it again
    dice, kills, runs = random.Random(0), 0, 0
    began = time.monotonic()
    start(tmp_path / "whole", *settings()).join()
    span, whole = time.monotonic() - began, pictures_in(tmp_path / "whole")
    assert sorted(whole) == PICTURES
    while kills < KILLS:
        out = tmp_path / f"run-{runs}"
        kills, runs = kills + finish(out, dice, span), runs + 1
        assert pictures_in(out) == whole
        assert files(out) == PICTURES
        assert main(["cache", "verify", "--cache", f"{out}-cache"]) == 0
        assert " 0 were damaged" in capsys.readouterr().out
