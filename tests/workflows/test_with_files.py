"""Shipped workflows that need files of the user's run on files made here."""

import importlib.util
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from safetensors import safe_open

from if_graph.cli import main
from if_graph.text.t5 import TextEncoder

MAKE_LORA = Path(__file__).parents[2] / "docs" / "make_lora.py"
QUICK = ("Stage I schedule.steps=2", "Stage II schedule.steps=1", "Stage I.width=16", "Stage I.height=16")


@pytest.fixture
def run(tmp_path):
    """Run a shipped workflow by the command; returns the pictures it saved."""

    def call(name, *changes, out="out"):
        settings = [word for change in changes for word in ("--set", change)]
        assert main(["run", name, *settings, "--out", str(tmp_path / out), "--quiet"]) == 0
        return sorted((tmp_path / out).glob(f"if-{name}_*.png"))

    return call


def same(one, other):
    with Image.open(one) as first, Image.open(other) as second:
        return ImageChops.difference(first, second).getbbox() is None


@pytest.mark.usefixtures("tiny_cascade")
def test_a_saved_prompt_is_painted_without_a_text_encoder_as_it_is_with_one(run, tmp_path, monkeypatch):
    assert run("save-embeddings", "Prompt.prompt=a pig") == []
    with safe_open(tmp_path / "out" / "embeds" / "if-prompt_00001_.safetensors", framework="pt") as file:
        assert file.metadata()["prompts"] == '["a pig"]'
    (with_encoder,) = run("batch", "Prompt.prompt=a pig", "Stage I.batch_size=1", *QUICK)
    monkeypatch.setattr(TextEncoder, "encode", None)
    (without,) = run("load-embeddings", *QUICK)
    assert same(with_encoder, without)


@pytest.fixture
def small_lora(tiny_cascade, monkeypatch):
    """The LoRA that docs/make_lora.py trains, of the tiny Stage I and in thirty steps."""
    spec = importlib.util.spec_from_file_location("make_lora", MAKE_LORA)
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, script)
    spec.loader.exec_module(script)
    monkeypatch.setattr(sys, "argv", ["make_lora.py", "--steps", "30", "--side", "16"])
    assert script.main() == 0


@pytest.mark.usefixtures("small_lora")
def test_a_lora_changes_the_picture_by_its_strength(run):
    pictures = [run("lora", f"LoRA.strength={s}", *QUICK, out=str(s))[0] for s in (0, 1)]
    (plain,) = run("batch", "Stage I.batch_size=1", *QUICK)
    assert same(pictures[0], plain)
    assert not same(pictures[1], plain)


@pytest.mark.usefixtures("tiny_cascade")
def test_a_lora_that_is_not_there_is_named_with_its_place(capsys, tmp_path):
    assert main(["run", "lora", "--out", str(tmp_path)]) == 2
    assert (
        "LoRA 'nano-swapped.safetensors' is in no model folder, got no LoRA files" in capsys.readouterr().err
    )


def test_the_x4_upscaler_enlarges_a_picture_in_tiles(run, write_upscaler):
    write_upscaler("tiny-x4")
    tiles = ("Tiles.unet_tile=16", "Tiles.vae_tile=16", "Tiles.overlap=8")
    (saved,) = run(
        "upscale-x4",
        "Upscaler.checkpoint=tiny-x4",
        "Safety network.checkpoint=tiny-x4",
        "Fit.side=24",
        "Stage III schedule.steps=2",
        *tiles,
    )
    with Image.open(saved) as picture:
        assert picture.size == (96, 96)
        assert max(high for _, high in picture.convert("RGB").crop((0, 0, 60, 60)).getextrema()) > 0


def test_either_stage_3_loads_in_the_same_workflow(run, write_upscaler):
    write_upscaler("tiny-x4")
    swap = "Stage III network.checkpoint=tiny-x4"
    changes = ("Stage III schedule.sampler=ddim", "Stage III schedule.timesteps=leading")
    (saved,) = run("upscale", swap, "Fit 256.side=32", "Stage III schedule.steps=2", *changes)
    with Image.open(saved) as picture:
        assert picture.size == (128, 128)
