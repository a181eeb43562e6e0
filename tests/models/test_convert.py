"""Every layout a stage may come in, against the original package where it is installed."""

import json
import re
import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.testing import assert_close

from if_graph.errors import CheckpointError, InputError
from if_graph.models.checkpoint import load_unet
from if_graph.models.config import config_from_json
from if_graph.models.convert import from_original, to_original
from if_graph.models.convert_files import StageFiles, read_stage_files
from if_graph.models.convert_write import write_stage_files
from if_graph.models.placement import place
from if_graph.models.unet import UNet, build_on_meta

KEYS = Path(__file__).parent / "original_keys"
QKV = "middle_block.1.qkv.weight"


def published_keys(name):
    """Names and shapes of an original checkpoint, as its own code makes them."""
    rows = (line.split("\t") for line in (KEYS / f"{name}.txt").read_text().splitlines())
    return {key: tuple(int(side) for side in re.findall(r"\d+", shape)) for key, shape in rows}


@pytest.fixture(params=["tiny_unet", "tiny_super_res"])
def unet(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def original_folder(tmp_path, tiny_super_res, save_original):
    return save_original(tmp_path / "original", *original_of(tiny_super_res))


def original_of(unet):
    """A network's weights under their original names, and its config."""
    return to_original(unet.state_dict(), unet.config), unet.config


def same(state, other):
    return state.keys() == other.keys() and all(torch.equal(state[name], other[name]) for name in state)


@pytest.mark.parametrize("name", ["stage_1", "stage_2"])
def test_the_original_codes_own_keys_and_shapes_are_all_understood(name):
    shapes = published_keys(name)
    original = {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}
    config, converted = from_original(original, {"num_head_channels": 32, "att_pool_heads": 2})
    assert config.embeds_noise_level is (name == "stage_2")
    assert converted.keys() == build_on_meta(config).state_dict().keys()
    back = to_original(converted, config)
    assert {key: tuple(tensor.shape) for key, tensor in back.items()} == shapes


def test_the_original_layout_and_back_gives_equal_tensors(unet, params_of):
    original = to_original(unet.state_dict(), unet.config)
    config, converted = from_original(original, params_of(unet.config))
    assert same(converted, unet.state_dict())
    assert config.attention_head_dim == unet.config.attention_head_dim
    assert_close(config.resnet_out_scale_factor, unet.config.resnet_out_scale_factor)


def test_queries_keys_and_values_lie_head_by_head(tiny_unet):
    original = to_original(tiny_unet.state_dict(), tiny_unet.config)
    attention = tiny_unet.mid_block.attentions[0]
    rows = original[QKV][:, :, 0].split(tiny_unet.config.attention_head_dim)
    assert torch.equal(rows[1], attention.to_k.weight[:8])  # q k v of head 0, then of head 1
    assert torch.equal(rows[3], attention.to_q.weight[8:16])


def test_cross_attention_only_networks_convert_too(tiny_json, fill, params_of):
    unet = fill(UNet(config_from_json(tiny_json | {"only_cross_attention": True})))
    original = to_original(unet.state_dict(), unet.config)
    config, converted = from_original(original, params_of(unet.config))
    assert config.only_cross_attention
    assert same(converted, unet.state_dict())


def test_an_original_folder_becomes_a_folder_that_loads(tmp_path, unet, save_original):
    original = save_original(tmp_path / "original", *original_of(unet))
    write_stage_files(read_stage_files(original), tmp_path / "new")
    assert same(load_unet(tmp_path / "new", place("cpu")).state_dict(), unet.state_dict())
    scheduler = json.loads((tmp_path / "new" / "scheduler" / "scheduler_config.json").read_text())
    assert scheduler["sample_max_value"] == (1.0 if unet.config.embeds_noise_level else 1.5)
    assert (tmp_path / "new" / "image_noising_scheduler").is_dir() == unet.config.embeds_noise_level


def test_a_folder_survives_the_way_through_a_single_file(original_folder, tmp_path):
    first = read_stage_files(original_folder)
    write_stage_files(first, tmp_path / "one.safetensors")
    packed = read_stage_files(tmp_path / "one.safetensors")
    write_stage_files(packed, tmp_path / "folder")
    unpacked = read_stage_files(tmp_path / "folder")
    assert (first.config, first.schedulers) == (packed.config, packed.schedulers)
    assert (first.config, first.schedulers) == (unpacked.config, unpacked.schedulers)
    assert same(first.tensors, unpacked.tensors)


def test_the_original_layout_may_be_safetensors(original_folder, tiny_super_res):
    state = tiny_super_res.state_dict()
    original = torch.load(original_folder / "pytorch_model.bin", weights_only=True)
    save_file(original, original_folder / "model.safetensors")
    (original_folder / "pytorch_model.bin").unlink()
    assert same(read_stage_files(original_folder).tensors, state)
    assert same(read_stage_files(original_folder / "model.safetensors").tensors, state)


def test_weights_can_change_type_on_the_way(original_folder, tmp_path):
    write_stage_files(read_stage_files(original_folder).to(torch.float16), tmp_path / "half.safetensors")
    assert {t.dtype for t in load_file(tmp_path / "half.safetensors").values()} == {torch.float16}


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda state: state.pop("out.2.bias"), r"missing out\.2\.bias"),
        (lambda state: state.update(odd=torch.zeros(1)), "unexpected odd"),
        (lambda state: state.update({"out.0.bias": torch.zeros(3)}), r"conv_norm_out\.bias is \[3\] instead"),
        (lambda state: state.pop(QKV), f"got no tensor '{QKV}'"),
    ],
    ids=["missing", "left over", "shape", "no network"],
)
def test_what_does_not_fit_is_listed(tiny_unet, spoil, complaint, params_of):
    state = to_original(tiny_unet.state_dict(), tiny_unet.config)
    spoil(state)
    with pytest.raises(CheckpointError, match=complaint):
        from_original(state, params_of(tiny_unet.config))


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("bomb-went-off"),))


def test_a_pickle_that_wants_to_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"time_embed.0.weight": Bomb()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="got no readable file of tensors"):
        read_stage_files(tmp_path)
    assert not (tmp_path / "bomb-went-off").exists()


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("pytorch_model.bin", b"not it", "got no readable file of tensors"),
        ("model.safetensors", b"\x05not it", "got no readable file of tensors"),
        ("readme.txt", b"hello", "got neither a unet folder nor pytorch_model.bin"),
    ],
)
def test_a_folder_of_something_else_is_refused(tmp_path, name, data, complaint):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CheckpointError, match=complaint):
        read_stage_files(tmp_path)


@pytest.mark.parametrize("text", ["- a list", "a: [", "\x00"])
def test_settings_that_are_none_are_refused(original_folder, text):
    (original_folder / "config.yml").write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.yml: got no settings in YAML"):
        read_stage_files(original_folder)


def test_an_existing_target_is_left_alone(original_folder, tmp_path):
    stage = read_stage_files(original_folder)
    write_stage_files(stage, tmp_path / "new")
    with pytest.raises(InputError, match="is already there"):
        write_stage_files(stage, tmp_path / "new")


def test_a_write_that_fails_leaves_nothing(tiny_unet, tmp_path):
    broken = StageFiles(tiny_unet.config, tiny_unet.state_dict(), {"scheduler": {"odd": object()}})
    for target in (tmp_path / "folder", tmp_path / "file.safetensors"):
        with pytest.raises(TypeError):
            write_stage_files(broken, target)
    assert list(tmp_path.iterdir()) == []


ORIGINAL = {
    "image_size": 16, "in_channels": 3, "out_channels": 6, "model_channels": 32, "num_res_blocks": [1, 2, 1],
    "channel_mult": "1,2,3", "attention_resolutions": "8,4", "num_heads": 1, "num_head_channels": 16,
    "use_scale_shift_norm": True, "resblock_updown": True, "encoder_dim": 48, "encoder_channels": 64,
    "att_pool_heads": 4, "activation": "gelu", "dropout": 0.0, "precision": "32",
}  # fmt: skip
SUPER_RES = {"in_channels": 6, "efficient_activation": True, "scale_skip_connection": True}


@pytest.fixture(scope="module")
def peer():
    """The original package's networks; its module prints at import and uses an old torch function."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reason = "needs the original package: pip install --no-deps deepfloyd_if"
        return pytest.importorskip("deepfloyd_if.model.unet", reason=reason)


def random_state(model):
    generator = torch.Generator().manual_seed(1)
    for tensor in model.parameters():
        scale = tensor[0].numel() ** -0.5 if tensor.ndim > 1 else 0.3
        tensor.data = torch.randn(tensor.shape, generator=generator) * scale + float(tensor.ndim == 1)
    return model.eval()


def converted(model, params, tmp_path):
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    (tmp_path / "config.yml").write_text(json.dumps({"params": params}))  # JSON is YAML
    write_stage_files(read_stage_files(tmp_path), tmp_path / "new")
    return load_unet(tmp_path / "new", place("cpu"))


# 1e-5: the peer scales queries and keys before they meet, and its kernels sum in another order
@torch.no_grad()
def test_converted_stage_1_weights_give_the_originals_output(peer, tmp_path, wave):
    model = random_state(peer.UNetModel(**ORIGINAL))
    unet = converted(model, ORIGINAL, tmp_path)
    x, t, states = wave(2, 3, 16, 16), torch.tensor([500, 3]), wave(2, 7, 48, f=0.11, p=0.5)
    want = model(x, t, states)
    assert_close(unet(x, t, unet.read_text(states)), want, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_converted_super_resolution_weights_give_the_originals_output(peer, tmp_path, wave):
    params = ORIGINAL | SUPER_RES
    model = random_state(peer.SuperResUNetModel(low_res_diffusion=None, **params))
    unet = converted(model, params, tmp_path)
    x, t, level = wave(2, 6, 16, 16), torch.tensor([500, 3]), torch.tensor([250, 0])
    states = wave(2, 7, 48, f=0.11, p=0.5)
    level_embed = model.aug_proj(peer.timestep_embedding(level, 32))
    want = peer.UNetModel.forward(model, x, t, states, aug_emb=level_embed)
    assert_close(unet(x, t, unet.read_text(states), level), want, atol=1e-5, rtol=1e-5)
