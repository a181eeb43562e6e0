"""The optimisers beside AdamW: 8-bit moments, and Muon."""

import sys

import pytest
import torch

from if_graph.training.optimizers import new_optimizer
from if_graph.training.recipe import Recipe


def taught(tiny_recipe, kind, steps=20):
    """A convolution, channels last, after some steps towards zero; with its optimiser."""
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(24, 24, 3).to(memory_format=torch.channels_last)
    recipe = Recipe(**{**tiny_recipe, "optimizer": kind, "peak_rate": 1e-3})
    optimizer = new_optimizer(layer.parameters(), recipe)
    x = torch.randn(2, 24, 8, 8)
    for _ in range(steps):
        optimizer.zero_grad()
        layer(x).square().mean().backward()
        optimizer.step()
    return layer, optimizer


def test_eight_bits_go_nearly_where_thirty_two_go(tiny_recipe):
    pytest.importorskip("bitsandbytes", reason="pip install 'if-graph[adamw-8bit]'")
    (plain, _), (small, optimizer) = (taught(tiny_recipe, kind) for kind in ("adamw", "adamw_8bit"))
    start, _ = taught(tiny_recipe, "adamw", steps=0)
    moved, apart = (plain.weight - start.weight).norm(), (plain.weight - small.weight).norm()
    assert apart < 0.1 * moved
    assert optimizer.state[small.weight]["state1"].dtype == torch.uint8


def test_without_the_library_it_says_so_and_is_plain(tiny_recipe, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", None)
    assert isinstance(taught(tiny_recipe, "adamw_8bit", steps=0)[1], torch.optim.AdamW)
    assert "pip install 'if-graph[adamw-8bit]'" in caplog.text


def test_a_run_with_eight_bits_goes_on_to_the_bit(train):
    pytest.importorskip("bitsandbytes", reason="pip install 'if-graph[adamw-8bit]'")
    changes = {"optimizer": "adamw_8bit"}
    _, losses = train("whole", changes=changes)
    _, first = train("stopped", limit=2, changes=changes)
    assert first + train("stopped", changes=changes, resume=True)[1] == losses


def test_muon_steps_filters_by_whole_directions(tiny_recipe):
    (start, _), (layer, _) = (taught(tiny_recipe, "muon", steps) for steps in (0, 1))
    moved = (layer.weight - start.weight).flatten(1)
    sizes = torch.linalg.svdvals(moved)
    assert sizes.min() > 0.4 * sizes.max()  # AdamW's first step has one far above
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)
    assert (layer.bias - start.bias).abs().max() <= 1.01e-3  # the bias goes by AdamW, at the recipe's rate


def test_muon_leaves_what_is_no_matrix_to_adamw(tiny_recipe):
    bias = torch.nn.Parameter(torch.ones(8))
    optimizer = new_optimizer([bias], Recipe(**{**tiny_recipe, "optimizer": "muon"}))
    bias.sum().backward()
    optimizer.step()
    assert bias.max() < 1


def test_a_run_with_muon_goes_on_to_the_bit(train):
    changes = {"optimizer": "muon"}
    _, losses = train("whole", changes=changes)
    _, first = train("stopped", limit=2, changes=changes)
    assert first + train("stopped", changes=changes, resume=True)[1] == losses
