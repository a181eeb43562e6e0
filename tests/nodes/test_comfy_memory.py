"""Inside ComfyUI: networks are its loaded models, and run where and in what it was told."""

import gc

import pytest
import torch
from if_graph_nodes.host_memory import ROOM, TEXT, flagged, place_here
from torch import nn

from if_graph.errors import InputError
from if_graph.filling import Source
from if_graph.residency import BY_LAYER, Stay, resident_of, settle


def network(offload="after use"):
    """Two layers of 8 x 8 and 8 x 4 whose weights come and go."""
    made = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Linear(8, 4, bias=False))
    kept = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    settle(made, Source(lambda: kept, lambda _, raw: raw, torch.device("cpu")), Stay(offload, ROOM))
    return made


def test_comfyui_can_send_a_network_away_and_it_comes_back(comfy):
    one, x = network(), torch.ones(1, 8)
    painted = one(x)
    (tenant,) = comfy.memory.loaded
    assert tenant.loaded_size() == tenant.model_size() == (64 + 32) * 4
    comfy.memory.unload_all_models()
    assert tenant.loaded_size() == 0
    assert all(weight.is_meta for weight in one.parameters())
    assert torch.equal(one(x), painted)
    assert comfy.memory.loaded == [tenant]


def test_room_is_made_before_the_weights_come(comfy):
    one, seen = network(), []
    load = comfy.memory.load_models_gpu
    comfy.memory.load_models_gpu = lambda models: (seen.append(resident_of(one).is_here), load(models))
    one(torch.ones(1, 8))
    assert seen == [False]


def test_a_network_is_listed_under_its_own_class(comfy):
    one = network()
    one(torch.ones(1, 8))
    assert type(comfy.memory.loaded[0].model).__name__ == "Sequential"


def test_a_network_that_is_gone_is_forgotten(comfy):
    one = network()
    one(torch.ones(1, 8))
    (tenant,) = comfy.memory.loaded
    del one
    gc.collect()
    assert tenant.model_size() == 0
    tenant.detach(True)


def test_layer_by_layer_asks_for_its_largest_layer_only(comfy):
    one = network(BY_LAYER)
    one(torch.ones(1, 8))
    assert comfy.memory.loaded[0].model_size() == 64 * 4


@pytest.mark.parametrize(
    ("flag", "device", "expected"),
    [(None, "cpu", "float32"), (None, "cuda", "float16"), ("bf16_unet", "cpu", "bfloat16"),
     ("fp16_unet", "cpu", "float32"), ("fp32_unet", "cuda", "float32"), ("bf16_unet", "cuda", "bfloat16")],
)  # fmt: skip
def test_auto_is_what_comfyui_was_started_with(comfy, flag, device, expected):
    comfy.memory.device = torch.device(device)
    if flag:
        setattr(comfy.flags, flag, True)
    placed = place_here("auto", "auto", "after use")
    assert (placed.device.type, placed.dtype) == (device, getattr(torch, expected))


def test_flags_for_text_encoders_are_their_own(comfy):
    comfy.flags.bf16_text_enc = True
    assert flagged(torch.device("cpu"), TEXT) == torch.bfloat16
    assert place_here("auto", "auto", "none").dtype == torch.float32


def test_a_users_choice_comes_before_the_hosts(comfy):
    comfy.flags.bf16_unet = True
    comfy.memory.device = torch.device("cuda")
    assert place_here("cpu", "float32", "none").device.type == "cpu"
    comfy.memory.device = torch.device("cpu")
    with pytest.raises(InputError, match="float16 has no usable kernels on cpu"):
        place_here("auto", "float16", "none")
