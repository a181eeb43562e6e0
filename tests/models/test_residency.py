"""Weights that come and go: the same numbers as weights that stay, and no byte longer than needed."""

import json
import sys
import weakref
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from if_graph import residents
from if_graph.errors import CheckpointError
from if_graph.filling import owners
from if_graph.models.checkpoint import STEM, load_unet
from if_graph.models.config import config_from_json
from if_graph.models.lora import LowRank, with_lora
from if_graph.models.placement import Placement, place
from if_graph.models.unet import UNet
from if_graph.residency import AFTER_USE, BY_LAYER, Room, Stay, device_of, let_go

BOTH = pytest.mark.parametrize("offload", [AFTER_USE, BY_LAYER])
LAYER = "mid_block.attentions.0.to_q"


@pytest.fixture
def folder(tmp_path, tiny_unet, tiny_json):
    """A float16 checkpoint, which a CPU runs in float32."""
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "config.json").write_text(json.dumps(tiny_json))
    halves = {name: value.half() for name, value in tiny_unet.state_dict().items()}
    save_file(halves, tmp_path / "unet" / f"{STEM}.safetensors")
    return tmp_path


@pytest.fixture
def wide_folder(tmp_path, tiny_json, write_part):
    """A checkpoint wide enough for the ways of computing that only wide networks take."""
    fields = tiny_json | {"block_out_channels": [64, 64]}
    write_part(tmp_path / "unet", UNet(config_from_json(fields)), fields)
    return tmp_path


def predict(unet, side=8):
    x_t, states = torch.ones(1, 3, side, side), torch.ones(1, 5, 48)
    with torch.no_grad():
        return unet(x_t, torch.tensor([500]), unet.read_text(states))


def staying(folder, offload=AFTER_USE, room=None):
    return load_unet(folder, place("cpu", stay=Stay(offload, room or Room())))


def held(network):
    """Bytes of weights that are there."""
    return sum(weight.nbytes for weight in network.parameters() if not weight.is_meta)


@BOTH
def test_weights_come_when_used_and_predict_the_same_bits(folder, offload):
    unet = staying(folder, offload)
    assert held(unet) == 0
    assert torch.equal(predict(unet), predict(load_unet(folder, place("cpu"))))
    assert {weight.dtype for weight in unet.parameters()} == {torch.float32}


@BOTH
def test_a_wide_network_computes_large_pictures_so_too(wide_folder, offload):
    wanted = predict(load_unet(wide_folder, place("cpu")), side=48)
    assert torch.equal(predict(staying(wide_folder, offload), side=48), wanted)


def test_who_is_used_next_sends_the_one_before_away(folder):
    room = Room()
    first, second = staying(folder, room=room), staying(folder, room=room)
    predict(first)
    weight = weakref.ref(first.conv_in.weight)
    predict(second)
    assert (held(first), weight()) == (0, None)
    assert held(second) > 0
    assert torch.equal(predict(first), predict(second))


def test_who_is_used_again_is_not_loaded_again(folder):
    unet = staying(folder)
    predict(unet)
    weight = unet.conv_in.weight
    predict(unet)
    assert unet.conv_in.weight is weight


@pytest.mark.parametrize("worth", [0, 2**40])
def test_only_files_that_take_a_while_are_read_ahead(folder, monkeypatch, worth):
    monkeypatch.setattr(residents, "_WORTH_READING", worth)
    room = Room()
    first, second = staying(folder, room=room), staying(folder, room=room)
    predict(first)
    assert bool(room._readings) == (worth == 0)
    predict(second)


def test_networks_of_different_rooms_leave_each_other_alone(folder):
    first, second = staying(folder), staying(folder)
    predict(first)
    predict(second)
    assert held(first) == held(second) > 0


def test_layer_by_layer_there_is_never_more_than_the_largest_layer(folder):
    unet, peaks = staying(folder, BY_LAYER), []
    for module, _ in owners(unet):
        module.register_forward_pre_hook(lambda *_: peaks.append(held(unet)))
    predict(unet)
    largest = max(sum(w.numel() * 4 for w in module.parameters(False)) for module, _ in owners(unet))
    assert 0 < max(peaks) <= 2 * largest  # the text's pool holds a weight while its linears run
    assert held(unet) == 0


def test_a_layer_that_fails_leaves_nothing_behind(folder):
    unet = staying(folder, BY_LAYER)
    with pytest.raises(RuntimeError):
        unet.conv_in(torch.ones(1, 5, 8, 8))
    assert held(unet) == 0


@BOTH
def test_a_lora_is_added_whenever_weights_come(folder, offload):
    updates = {LAYER: LowRank(torch.ones(1, 64), torch.ones(64, 1), 1.0)}
    unet = staying(folder, offload)
    changed = with_lora(unet, updates, 0.01)
    assert held(changed) == 0
    assert torch.equal(predict(changed), predict(with_lora(load_unet(folder, place("cpu")), updates, 0.01)))
    assert held(unet) == 0
    assert not torch.equal(predict(unet), predict(changed))


@BOTH
def test_on_another_device_everything_computes_in_its_type(folder, offload):
    elsewhere = torch.device("meta")  # stands for a GPU: mixing it with the CPU, or types, is an error
    unet = load_unet(folder, Placement(elsewhere, torch.float16, Stay(offload)))
    x_t, states = (torch.ones(shape, device=elsewhere).half() for shape in ((1, 3, 8, 8), (1, 5, 48)))
    predicted = unet(x_t, torch.tensor([500], device=elsewhere), unet.read_text(states))
    assert (predicted.device, predicted.dtype, device_of(unet)) == (elsewhere, torch.float16, elsewhere)


def test_letting_go_is_for_those_that_can_come_back(folder):
    stays, goes = load_unet(folder, place("cpu")), staying(folder)
    predict(goes)
    let_go(stays, goes)
    assert (held(stays) > 0, held(goes)) == (True, 0)
    assert device_of(stays) == device_of(goes) == torch.device("cpu")


def test_a_dropped_network_takes_its_weights_along(folder):
    unet = staying(folder)
    predict(unet)
    weight = weakref.ref(unet.conv_in.weight)
    del unet
    assert weight() is None


@BOTH
def test_a_file_that_changed_meanwhile_is_named_in_one_sentence(folder, offload):
    unet = staying(folder, offload)
    (folder / "unet" / f"{STEM}.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"download it again"):
        predict(unet)
    save_file({"conv_in.weight": torch.zeros(1)}, folder / "unet" / f"{STEM}.safetensors")
    with pytest.raises(CheckpointError, match="its file changed while it was in use"):
        predict(unet)
    assert held(unet) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc: run on Linux")
@pytest.mark.parametrize("stay", [None, Stay()], ids=["for good", AFTER_USE])
def test_weights_of_the_files_type_are_the_mapped_file_and_no_copy(folder, tiny_unet, stay):
    file = folder / "unet" / f"{STEM}.safetensors"
    save_file(tiny_unet.state_dict(), file)
    unet = load_unet(folder, place("cpu", stay=stay))
    predict(unet)
    lines = [line.split() for line in Path("/proc/self/maps").read_text().splitlines()]
    ends = [[int(end, 16) for end in line[0].split("-")] for line in lines if line[-1] == str(file)]
    assert held(unet) > 0
    assert all(any(a <= weight.data_ptr() < b for a, b in ends) for weight in unet.parameters())


def test_glibc_keeps_no_large_block_while_layers_come_and_go(folder, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "if_graph.allocator._of_glibc", lambda name: lambda *values: asked.append((name, *values))
    )
    unet = staying(folder, BY_LAYER)
    predict(unet)
    assert asked == [("mallopt", -3, 4 * 2**20), ("mallopt", -1, 4 * 2**20)]
    asked.clear()
    let_go(unet)
    assert asked == [("mallopt", -3, 32 * 2**20), ("mallopt", -1, 64 * 2**20), ("malloc_trim", 0)]
    asked.clear()
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "1")
    predict(unet)
    assert asked == []
