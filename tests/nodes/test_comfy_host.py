"""Inside ComfyUI: progress, previews, interrupt, folders and pictures are its own."""

from pathlib import Path

import pytest
import torch
from if_graph_nodes import NODE_CLASS_MAPPINGS as NODES
from if_graph_nodes import host

from if_graph.diffusion.samplers import SampledStep

SHIPPED = Path(__file__).parents[2] / "workflows" / "inputs"


def steps(total=3):
    for done in range(1, total + 1):
        pixels = torch.zeros(1, 3, 8, 8)
        yield SampledStep(done, total, t=0, x_t=pixels, x_0=pixels)


def test_each_step_moves_the_bar_and_shows_the_estimate(comfy):
    assert host.follow(steps()).done == 3
    assert [(value, total) for value, total, _ in comfy.bar.told] == [(1, 3), (2, 3), (3, 3)]
    kind, picture, longest = comfy.bar.told[0][2]
    assert (kind, picture.size, longest) == ("JPEG", (8, 8), 512)


def test_an_interrupt_stops_within_one_step(comfy):
    seen = []

    def interrupted():
        for step in steps(100):
            seen.append(step.done)
            comfy.memory.interrupted = step.done == 5
            yield step

    with pytest.raises(comfy.interrupt):
        host.follow(interrupted())
    assert seen[-1] == 5


@pytest.mark.parametrize("folder", ["models", "extra"])
def test_checkpoints_in_comfyuis_folders_are_found_before_the_bundled(comfy, folder):
    (getattr(comfy, folder) / "IF-I-XL" / "unet").mkdir(parents=True)
    names = host.list_checkpoints("unet")
    assert names[0] == "IF-I-XL"
    assert "nano/stage_1" in names


def test_example_pictures_are_offered_once_and_never_replace_one(comfy):
    first, second = sorted(path.name for path in SHIPPED.glob("*.png"))
    (comfy.input / first).write_bytes(b"the user's")
    host.offer_pictures(SHIPPED)
    assert (comfy.input / first).read_bytes() == b"the user's"
    assert (comfy.input / second).read_bytes() == (SHIPPED / second).read_bytes()
    assert len(list(comfy.input.iterdir())) == 2


def test_a_read_only_input_folder_does_not_stop_the_pack(comfy):
    comfy.input.rmdir()
    host.offer_pictures(SHIPPED)
    assert not comfy.input.exists()


def test_the_same_seed_paints_the_same_pixels_in_both_hosts(request):
    def paint():
        encoder = NODES["IFLoadTextEncoder"]().run("nano/stage_1", "auto", "auto")[0]
        positive, negative = NODES["IFEncodeText"]().run(encoder, "a red ball", "", False)["result"]
        stage = NODES["IFLoadStage"]().run("nano/stage_1", "auto", "auto")[0]
        schedule = NODES["IFScheduler"]().run("ddpm", "leading", 2, "")[0]
        return NODES["IFStageI"]().run(stage, positive, negative, schedule, 7, 7.0, 32, 32, 1)[0]

    headless = paint()
    comfy = request.getfixturevalue("comfy")
    assert torch.equal(paint(), headless)
    assert len(comfy.memory.loaded) == 2
