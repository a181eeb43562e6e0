"""Loading: strict, mapped, never a pickle, and possible without a config.json."""

import json

import pytest
import torch
from safetensors.torch import save_file

from if_graph.errors import CheckpointError, InputError
from if_graph.mapped import read_shapes, read_types
from if_graph.models.checkpoint import STEM, load_unet
from if_graph.models.config import config_from_json
from if_graph.models.placement import place
from if_graph.models.shapes import fields_from_shapes
from if_graph.models.sizes import SIZES
from if_graph.models.unet import build_on_meta


@pytest.fixture
def folder(tmp_path, tiny_unet, tiny_json):
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "config.json").write_text(json.dumps(tiny_json | {"_diffusers_version": "0.17"}))
    save_file(tiny_unet.state_dict(), tmp_path / "unet" / f"{STEM}.safetensors")
    return tmp_path


def rewrite(folder, change):
    state = dict(load_unet(folder, place("cpu")).state_dict())
    change(state)
    save_file({name: value.clone() for name, value in state.items()}, folder / "unet" / f"{STEM}.safetensors")


def test_a_published_folder_loads_to_the_same_weights(folder, tiny_unet):
    loaded = load_unet(folder, place("cpu"))
    assert all(
        torch.equal(value, tiny_unet.state_dict()[name]) for name, value in loaded.state_dict().items()
    )
    assert not loaded.training


def test_half_precision_files_run_as_float32_on_a_cpu(folder, tiny_unet):
    halves = {name: value.half() for name, value in tiny_unet.state_dict().items()}
    (folder / "unet" / f"{STEM}.safetensors").unlink()
    save_file(halves, folder / "unet" / f"{STEM}.fp16.safetensors")
    assert load_unet(folder, place("cpu")).conv_in.weight.dtype == torch.float32


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("conv_in.bias"), "missing conv_in.bias"),
        (lambda state: state.update(extra=torch.zeros(1)), "unexpected extra"),
        (
            lambda state: state.update({"conv_in.bias": torch.zeros(31)}),
            r"conv_in.bias is \[31\] instead of \[32\]",
        ),
        (lambda state: state.update({"conv_in.bias": torch.zeros(32).int()}), "instead of a float type"),
    ],
)
def test_weights_that_do_not_fit_are_listed(folder, change, words):
    rewrite(folder, change)
    with pytest.raises(CheckpointError, match=words):
        load_unet(folder, place("cpu"))


def test_a_pickle_is_never_read(folder):
    (folder / "unet" / f"{STEM}.safetensors").unlink()
    (folder / "unet" / f"{STEM}.bin").write_bytes(b"cos\nsystem\n")
    with pytest.raises(CheckpointError, match="pickle can run code"):
        load_unet(folder, place("cpu"))


@pytest.mark.parametrize(
    "content", ["{", "[]", json.dumps({"act_fn": "silu"}), json.dumps({"block_out_channels": "x"})]
)
def test_a_broken_config_is_answered_in_one_sentence(folder, content):
    (folder / "unet" / "config.json").write_text(content)
    with pytest.raises(CheckpointError) as caught:
        load_unet(folder, place("cpu"))
    assert "\n" not in str(caught.value)


def test_a_damaged_file_is_named(folder):
    (folder / "unet" / f"{STEM}.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(CheckpointError, match=f"{STEM}.safetensors"):
        load_unet(folder, place("cpu"))


def test_a_folder_without_a_network_says_so(tmp_path):
    with pytest.raises(CheckpointError, match="no unet folder"):
        load_unet(tmp_path, place("cpu"))


@pytest.mark.parametrize("size", SIZES)
def test_shapes_alone_tell_the_published_configs(size):
    shapes = {name: tuple(value.shape) for name, value in build_on_meta(SIZES[size]).state_dict().items()}
    assert config_from_json(fields_from_shapes(shapes)) == SIZES[size]


def test_shapes_of_something_else_are_refused():
    with pytest.raises(CheckpointError, match="expected an IF UNet"):
        fields_from_shapes({"encoder.weight": (1, 2)})


def test_an_old_config_without_the_newer_fields_is_read(folder, tiny_unet):
    path = folder / "unet" / "config.json"
    config = json.loads(path.read_text())
    path.write_text(
        json.dumps({key: config[key] for key in ("attention_head_dim", "addition_embed_type_num_heads")})
    )
    # the heads leave no trace in shapes, everything else does
    assert load_unet(folder, place("cpu")).config.block_out_channels == tiny_unet.config.block_out_channels


@pytest.mark.parametrize(("device", "dtype"), [("cpu", "float16"), ("gpu", "auto"), ("cpu", "int4")])
def test_a_placement_that_cannot_run_is_refused(device, dtype):
    with pytest.raises(InputError, match=r"choose|expected"):
        place(device, dtype)


def test_the_header_of_a_file_that_was_replaced_is_read_again(tmp_path):
    file = tmp_path / "model.safetensors"
    save_file({"a": torch.ones(2)}, file)
    assert read_shapes([file]) == {"a": (2,)}
    save_file({"b": torch.ones(3, 4).half()}, file)
    assert (read_shapes([file]), read_types([file])) == ({"b": (3, 4)}, {"b": "F16"})
    file.unlink()
    with pytest.raises(CheckpointError, match="no readable safetensors file"):
        read_shapes([file])
