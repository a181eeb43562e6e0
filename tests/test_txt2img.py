"""The main job on the bundled cascade: counts, determinism, metadata. Small sizes keep it quick."""

import json

import pytest
import torch
from PIL import Image

from if_graph.cli import main
from if_graph.folders import Folders, using_folders
from if_graph.graph import Executor, load_node_classes, load_workflow
from if_graph.models.unet import UNet
from if_graph.text.t5 import TextEncoder

SMALL = {"Stage I.width": 16, "Stage I.height": 16, "Stage I schedule.steps": 2, "Stage II schedule.steps": 1,
         "Stage III schedule.steps": 1}  # fmt: skip


@pytest.fixture
def counts(monkeypatch):
    """Count what costs: prompts encoded, and network evaluations by the picture's height."""
    seen = {"T5": 0, "evaluations": []}
    encode, forward = TextEncoder.encode, UNet.forward

    def counting_encode(self, prompts, *rest, **options):
        seen["T5"] += len(prompts)
        return encode(self, prompts, *rest, **options)

    def counting_forward(self, x_t, *rest, **options):
        seen["evaluations"].append(x_t.shape[2])
        return forward(self, x_t, *rest, **options)

    monkeypatch.setattr(TextEncoder, "encode", counting_encode)
    monkeypatch.setattr(UNet, "forward", counting_forward)
    return seen


@pytest.fixture
def small():
    workflow = load_workflow("txt2img")
    for target, value in SMALL.items():
        node, name = target.rsplit(".", 1)
        workflow = workflow.with_input(node, name, value)
    return workflow


@pytest.fixture
def run(tmp_path):
    executor = Executor(load_node_classes())
    folders = Folders(tmp_path / "in", tmp_path / "out", tmp_path / "temp")

    def call(workflow):
        last = workflow.find("Stage III")
        with using_folders(folders):
            return executor.run(workflow, targets=[last]).outputs[last][0]

    return call


def test_a_second_run_calls_no_network(small, run, counts):
    first = run(small)
    assert counts == {"T5": 2, "evaluations": [16, 16, 64, 256]}
    counts.update(T5=0, evaluations=[])
    assert torch.equal(run(small), first)
    assert counts == {"T5": 0, "evaluations": []}


def test_another_seed_in_stage_2_repeats_stage_2_and_3_only(small, run, counts):
    first = run(small)
    counts.update(T5=0, evaluations=[])
    assert not torch.equal(run(small.with_input("Stage II", "seed", 1)), first)
    assert counts == {"T5": 0, "evaluations": [64, 256]}


def test_the_same_seed_repeats_bit_for_bit_in_a_fresh_engine(small, tmp_path):
    pictures = []
    for _ in range(2):
        with using_folders(Folders(output=tmp_path)):
            result = Executor(load_node_classes()).run(small, targets=[small.find("Stage III")])
        pictures.append(result.outputs[small.find("Stage III")][0])
    assert torch.equal(*pictures)


def opened(path):
    """Size, workflow and pixels of a saved picture."""
    with Image.open(path) as picture:
        return picture.size, json.loads(picture.text["prompt"]), picture.tobytes()


def arguments(out):
    settings = [word for target, value in SMALL.items() for word in ("--set", f"{target}={value}")]
    return [*settings, "--out", str(out)]


def test_the_command_saves_three_pictures_that_carry_their_workflow(tmp_path):
    words = ["--prompt", "a dog on a red background", "--seed", "3"]
    code = main(["run", "txt2img", *words, *arguments(tmp_path)])
    sizes = {path.name: opened(path)[0] for path in tmp_path.iterdir()}
    assert code == 0
    assert sizes == {
        "if-1024_00001_.png": (256, 256),
        "if-256_00001_.png": (64, 64),
        "if-64_00001_.png": (16, 16),
    }
    assert "a dog on a red background" in json.dumps(opened(tmp_path / "if-1024_00001_.png")[1])


def test_a_saved_picture_runs_again_to_the_same_pixels(tmp_path):
    main(["run", "txt2img", "--seed", "3", *arguments(tmp_path / "a")])
    picture = tmp_path / "a" / "if-1024_00001_.png"
    assert main(["run", str(picture), "--out", str(tmp_path / "b")]) == 0
    again = tmp_path / "b" / "if-1024_00001_.png"
    assert opened(again) == opened(picture)


@pytest.mark.slow
def test_a_sweep_encodes_its_prompt_once_and_paints_what_single_runs_paint(counts, tmp_path):
    sweeps = ["--sweep", "seed=3,4", "--sweep", "Stage I.guidance_scale=2,7"]
    smaller = ["--set", "Stage I.width=8", "--set", "Stage I.height=8"]
    assert main(["batch", "txt2img", *sweeps, *arguments(tmp_path / "grid"), *smaller]) == 0
    assert counts["T5"] == 2  # the prompt and the negative one
    assert counts["evaluations"] == [8] * 8 + [32] * 4 + [128] * 4  # all of a stage before the next
    last = ["--seed", "4", "--set", "Stage I.guidance_scale=7"]
    assert main(["run", "txt2img", *last, *arguments(tmp_path / "one"), *smaller]) == 0
    files = sorted((tmp_path / "grid").rglob("if-*.png"))
    assert len(files) == 12
    for path in (tmp_path / "one").glob("*.png"):
        assert opened(path) == opened(tmp_path / "grid" / "seed=4,guidance_scale=7" / path.name)
