"""Two processes train one network together, as one process would."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from safetensors.torch import load_file
from torch.testing import assert_close

from if_graph.cli import main
from if_graph.training.dice import Dice
from if_graph.training.log import LossLog

PAIR = pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no torch.distributed")
PATIENCE = 200  # seconds; two processes take about 15


def together(*words, codes=(0, 0)):
    """Run python with these words in two processes that find each other as torchrun's do.

    Returns what each printed and complained; fails with all of it if they hang or end with other ``codes``.
    """
    # as torchrun's own agent does: the store is here, so that nobody can take its port first
    store = torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port)}
    shared |= {"TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "0"}
    shared |= {"OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1"}
    started = [
        subprocess.Popen(
            [sys.executable, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **shared, "RANK": rank, "LOCAL_RANK": rank},
        )
        for rank in ("0", "1")
    ]  # fmt: skip
    with ThreadPoolExecutor() as watchers:
        *told, ended = zip(*watchers.map(_watch, started), strict=True)
    assert ended == codes, told
    return list(zip(*told, strict=True))


def _watch(process):
    """Return what a process printed and complained, and its exit status."""
    try:
        return *process.communicate(timeout=PATIENCE), process.returncode
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # it says where it hangs
        return *process.communicate(), "hung"


def train_words(recipe, folder, *options):
    return ["-m", "if_graph", "train", recipe, "--out", folder, "--sheet-every", "0", *options]


# Rank 1 alone is told to stop after the second step: both must.
STOPPED = """
import json, os
from pathlib import Path
from if_graph.training.recipe import Recipe
from if_graph.training.run import TrainRun
run, done = TrainRun(Recipe(**json.loads({recipe!r})), Path({out!r}), sheet_every=0), []
for report in run.steps(lambda: os.environ["RANK"] == "1" and len(done) == 1):
    done.append(report)
"""


def losses(folder):
    return LossLog(folder / "log.csv").rows()


def test_the_rows_of_all_processes_are_those_of_one():
    shape = torch.Size((2, 3, 4, 4))
    alone, pair = Dice(3, 7), [Dice(3, 7, rank, 2) for rank in range(2)]
    assert torch.equal(torch.cat([dice.whole(1000, 2) for dice in pair]), alone.whole(1000, 4))
    wanted = alone.normal(torch.Size((4, 3, 4, 4)))
    assert torch.equal(torch.cat([dice.normal(shape) for dice in pair]), wanted)


@pytest.mark.slow
@PAIR
def test_two_processes_do_what_one_does_and_one_of_them_speaks(recipe_file, tmp_path, capsys):
    pytest.importorskip("accelerate", reason="pip install 'if-graph[accelerate]'")
    both = together(*train_words(recipe_file, tmp_path / "pair"))
    assert [out for out, _ in both] == [f"{tmp_path / 'pair' / 'checkpoint'}\n", ""]
    assert main(["train", str(recipe_file), "--out", str(tmp_path / "one"), "--sheet-every", "0"]) == 0
    for name in ("weights.safetensors", "average.safetensors"):
        got, wanted = (load_file(tmp_path / run / "state" / name) for run in ("pair", "one"))
        # a mean of two means is rounded otherwise, and Adam turns that into whole steps where gradients are 0
        assert_close(got, wanted, atol=2e-4, rtol=1e-3)
    assert_close(torch.tensor(losses(tmp_path / "pair")), torch.tensor(losses(tmp_path / "one")))


# What one process keeps of the moments, and how many networks and optimisers hold the group when it is left.
SHARE = """
import gc, json, sys
from pathlib import Path
from accelerate import Accelerator
from if_graph.training.recipe import Recipe
from if_graph.training.run import TrainRun
from if_graph.training.trainer import Trainer
kept, step = [], Trainer._step
def watched(self):
    report = step(self)
    local = getattr(self.state.optimizer, "optim", self.state.optimizer)
    kept.append(sum(m.numel() for row in local.state.values() for m in row.values() if m.numel() > 1))
    return report
Trainer._step = watched
holding, end, kinds = [], Accelerator.end_training, ("DistributedDataParallel", "ZeroRedundancyOptimizer")
def ended(self):
    holding.append(sum(type(thing).__name__ in kinds for thing in gc.get_objects()))
    end(self)
Accelerator.end_training = ended
list(TrainRun(Recipe(**json.loads({recipe!r})), Path({out!r}), sheet_every=0).steps())
print(kept[-1], *holding)
"""


@pytest.mark.slow
@PAIR
def test_sharded_moments_are_kept_once_and_change_no_weight_and_all_let_go_of_the_group(
    tiny_recipe, tmp_path
):
    pytest.importorskip("accelerate", reason="pip install 'if-graph[accelerate]'")
    counts, held = {}, []
    for sharded in (False, True):
        recipe, out = json.dumps({**tiny_recipe, "shard_optimizer": sharded}), str(tmp_path / str(sharded))
        both = together("-c", SHARE.format(recipe=recipe, out=out))
        counts[sharded], holding = zip(*(map(int, out.split()[-2:]) for out, _ in both), strict=True)
        held += holding
    # else the group falls apart with the last of them, and can wait for itself for ever
    assert held == [0] * 4
    assert sum(counts[True]) == counts[False][0] == counts[False][1]
    assert max(counts[True]) < 0.7 * counts[False][0]
    whole, shared = (
        load_file(tmp_path / name / "state" / "weights.safetensors") for name in ("False", "True")
    )
    assert_close(shared, whole, atol=0, rtol=0)


@pytest.mark.slow
@PAIR
@pytest.mark.parametrize("sharded", [False, True])
def test_two_processes_go_on_to_the_bit(sharded, tiny_recipe, recipe_file, tmp_path):
    pytest.importorskip("accelerate", reason="pip install 'if-graph[accelerate]'")
    tiny_recipe["shard_optimizer"], how = sharded, ("--set", f"shard_optimizer={json.dumps(sharded)}")
    together(*train_words(recipe_file, tmp_path / "whole", *how))
    together("-c", STOPPED.format(recipe=json.dumps(tiny_recipe), out=str(tmp_path / "stopped")))
    assert [step for step, _ in losses(tmp_path / "stopped")] == [1, 2]
    together(*train_words(recipe_file, tmp_path / "stopped", "--resume", *how))
    assert losses(tmp_path / "stopped") == losses(tmp_path / "whole")
    for name in ("weights.safetensors", "average.safetensors"):
        got, wanted = (load_file(tmp_path / run / "state" / name) for run in ("stopped", "whole"))
        assert all(torch.equal(got[key], wanted[key]) for key in wanted)


@pytest.mark.slow
@PAIR
def test_a_batch_that_cannot_be_shared_is_one_sentence(recipe_file, tmp_path):
    pytest.importorskip("accelerate", reason="pip install 'if-graph[accelerate]'")
    both = together(*train_words(recipe_file, tmp_path / "run", "--set", "batch=3"), codes=(2, 2))
    assert "batch is 3, expected a multiple of 2" in both[0][1]
    assert not (tmp_path / "run").exists()
