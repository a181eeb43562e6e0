"""Tiny networks and tiny pictures to train on."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from if_graph.training.recipe import Recipe
from if_graph.training.run import TrainRun

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220), "white": (250, 250, 250)}
TEXT_ENCODER = {"d_model": 48, "d_kv": 16, "d_ff": 32, "num_layers": 1, "num_heads": 2}
SCHEDULER = {
    "num_train_timesteps": 1000,
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "v_prediction",
    "variance_type": "learned_range",
}


@pytest.fixture(autouse=True)
def one_thread():
    """Sums keep their order on one thread, so runs can be compared to the bit."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def pictures_folder(tmp_path):
    """Four captioned pictures, each a colour with a dark square."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, colour in COLOURS.items():
        levels = np.full((20, 24, 3), colour, np.uint8)
        levels[5:12, 6:14] = 10
        Image.fromarray(levels).save(folder / f"{name}.png")
        (folder / f"{name}.txt").write_text(f"A dark square on {name}")
    return folder


@pytest.fixture
def tiny_recipe(pictures_folder, tiny_json):
    """What a recipe file of a tiny Stage I holds."""
    return {
        "data": {"kind": "folder", "folder": str(pictures_folder)},
        "unet": tiny_json,
        "scheduler": SCHEDULER,
        "text_encoder": TEXT_ENCODER,
        "side": 8,
        "steps": 4,
        "batch": 2,
        "peak_rate": 1e-3,
        "warm_up": 0.3,
        "ema_decay": 0.9,
    }


@pytest.fixture
def recipe_file(tiny_recipe, tmp_path):
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(tiny_recipe))
    return path


@pytest.fixture
def train(tiny_recipe, tmp_path):
    """Train in a folder of that name, as far as ``limit`` steps; returns the folder and the losses."""

    def train(name, limit=None, changes=None, **options):
        recipe = Recipe(**{**tiny_recipe, **(changes or {})})
        run = TrainRun(recipe, tmp_path / name, **{"sheet_every": 0, **options})
        losses = []
        for report in run.steps(lambda: limit is not None and len(losses) + 1 >= limit):
            losses.append(report.loss)
        return run.folder, losses

    return train
