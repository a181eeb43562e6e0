"""LoRA files of every form, against the formula and, where peft is installed, against diffusers."""

import json
import warnings

import pytest
import torch
from safetensors.torch import save_file
from torch.testing import assert_close

from if_graph.errors import CheckpointError
from if_graph.models.config import config_from_json
from if_graph.models.lora import read_lora, with_lora
from if_graph.models.unet import UNet

LAYERS = [
    f"{place}.attentions.0.{leaf}"
    for place in ("down_blocks.1", "mid_block")
    for leaf in ("to_q", "to_k", "to_v", "to_out.0", "add_k_proj", "add_v_proj")
]
RANK = 4


@pytest.fixture
def halves(tiny_unet):
    """Random (down, up) by the name of the layer."""
    shapes = {name: tiny_unet.get_submodule(name).weight.shape for name in LAYERS}
    return {
        name: (torch.randn(RANK, width) * 0.2, torch.randn(rows, RANK) * 0.2)
        for name, (rows, width) in shapes.items()
    }


def peft_keys(halves, prefix="unet.", adapter=""):
    sides = {f"lora_A{adapter}": 0, f"lora_B{adapter}": 1}
    return {f"{prefix}{n}.{side}.weight": pair[i] for n, pair in halves.items() for side, i in sides.items()}


def processor_keys(halves):
    keys = {}
    for name, pair in halves.items():
        place, _, leaf = name.removesuffix(".0").rpartition(".")
        for side, half in zip(("down", "up"), pair, strict=True):
            keys[f"{place}.processor.{leaf}_lora.{side}.weight"] = half
    return keys


def layer_keys(halves):
    sides = ("down", "up")
    return {f"unet.{n}.lora.{s}.weight": h for n, p in halves.items() for s, h in zip(sides, p, strict=True)}


FORMS = {
    "peft": peft_keys,
    "peft with an adapter's name": lambda halves: peft_keys(halves, "base_model.model.", ".default"),
    "processors": processor_keys,
    "processors of a pipeline": lambda h: {f"unet.{key}": t for key, t in processor_keys(h).items()},
    "layers": layer_keys,
}


def expected(unet, halves, factor):
    state = {name: tensor.clone() for name, tensor in unet.state_dict().items()}
    for name, (down, up) in halves.items():
        state[f"{name}.weight"] += factor * (up @ down)
    return state


@pytest.mark.parametrize("form", FORMS)
def test_every_form_adds_up_times_down(form, tiny_unet, halves, tmp_path):
    save_file(FORMS[form](halves), tmp_path / "lora.safetensors")
    changed = with_lora(tiny_unet, read_lora(tmp_path / "lora.safetensors"), 0.5)
    # 1e-6: one product and one sum in float32
    assert_close(dict(changed.state_dict()), expected(tiny_unet, halves, 0.5), atol=1e-6, rtol=1e-6)


def test_old_pickles_are_read_for_tensors_alone(tiny_unet, halves, tmp_path):
    torch.save(processor_keys(halves), tmp_path / "pytorch_lora_weights.bin")
    assert read_lora(tmp_path / "pytorch_lora_weights.bin").keys() == set(LAYERS)


ALPHAS = {
    "tensor": ({"unet.mid_block.attentions.0.to_q.alpha": torch.tensor(2.0)}, {}, 2 / RANK),
    "metadata": ({}, {"unet.r": RANK, "unet.lora_alpha": 8}, 8 / RANK),
    "pattern": ({}, {"unet.lora_alpha": 1, "unet.alpha_pattern": {"attentions.0.to_q": 12}}, 12 / RANK),
    "rank-stabilised": ({}, {"unet.lora_alpha": 8, "unet.use_rslora": True}, 8 / RANK**0.5),
}


@pytest.mark.parametrize("case", ALPHAS)
def test_alpha_scales_the_update(case, tiny_unet, halves, tmp_path):
    extra, settings, scale = ALPHAS[case]
    metadata = {"lora_adapter_metadata": json.dumps(settings)} if settings else None
    one = {"mid_block.attentions.0.to_q": halves["mid_block.attentions.0.to_q"]}
    save_file(peft_keys(one) | extra, tmp_path / "lora.safetensors", metadata)
    changed = with_lora(tiny_unet, read_lora(tmp_path / "lora.safetensors"), 1.0)
    assert_close(dict(changed.state_dict()), expected(tiny_unet, one, scale), atol=1e-6, rtol=1e-6)


def test_pefts_own_folder_brings_its_alpha(halves, tmp_path):
    save_file(peft_keys(halves, "base_model.model."), tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": RANK, "lora_alpha": 8}))
    scales = {update.scale for update in read_lora(tmp_path / "adapter_model.safetensors").values()}
    assert scales == {2.0}


def updates(halves, tmp_path):
    save_file(peft_keys(halves), tmp_path / "lora.safetensors")
    return read_lora(tmp_path / "lora.safetensors")


def test_the_original_network_stays_and_shares_what_does_not_change(tiny_unet, halves, tmp_path):
    before = {name: tensor.clone() for name, tensor in tiny_unet.state_dict().items()}
    changed = with_lora(tiny_unet, updates(halves, tmp_path), 1.0)
    assert all(torch.equal(tensor, before[name]) for name, tensor in tiny_unet.state_dict().items())
    own = {n for n, t in changed.state_dict().items() if t.data_ptr() != tiny_unet.state_dict()[n].data_ptr()}
    assert own == {f"{name}.weight" for name in LAYERS}


def test_moving_the_changed_network_leaves_the_original_where_it_is(tiny_unet, halves, tmp_path):
    with_lora(tiny_unet, updates(halves, tmp_path), 1.0).to(torch.bfloat16)
    assert {tensor.dtype for tensor in tiny_unet.state_dict().values()} == {torch.float32}


def test_stacked_loras_add_up_and_the_opposite_takes_one_away(tiny_unet, halves, tmp_path):
    lora = updates(halves, tmp_path)
    twice = with_lora(with_lora(tiny_unet, lora, 0.5), lora, 0.5)
    assert_close(dict(twice.state_dict()), expected(tiny_unet, halves, 1.0), atol=1e-6, rtol=1e-6)
    none = with_lora(twice, lora, -1.0)
    assert_close(dict(none.state_dict()), dict(tiny_unet.state_dict()), atol=1e-6, rtol=1e-6)


def test_half_precision_weights_keep_their_type(tiny_unet, halves, tmp_path):
    changed = with_lora(tiny_unet.to(torch.float16), updates(halves, tmp_path), 1.0)
    assert {tensor.dtype for tensor in changed.state_dict().values()} == {torch.float16}


BAD = {
    "unknown keys": ({"text.odd": torch.zeros(1)}, r"got 1 keys of no known LoRA form \(text\.odd\)"),
    "one half": ({"unet.a.lora_A.weight": torch.zeros(4, 8)}, r"without two halves that fit \(a\)"),
    "ranks": (
        {"a.lora_A.weight": torch.zeros(4, 8), "a.lora_B.weight": torch.zeros(8, 3)},
        "without two halves that fit",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_keys_that_are_not_understood_are_listed(case, tmp_path):
    save_file(BAD[case][0], tmp_path / "bad.safetensors")
    with pytest.raises(CheckpointError, match=BAD[case][1]):
        read_lora(tmp_path / "bad.safetensors")


def test_a_lora_of_another_network_is_refused(tiny_unet, halves, tmp_path):
    foreign = {"transformer.h.0.attn": (torch.zeros(4, 8), torch.zeros(8, 4))}
    with pytest.raises(CheckpointError, match=r"got 1 keys for unknown layers \(transformer\.h\.0\.attn\)"):
        with_lora(tiny_unet, updates(foreign, tmp_path), 1.0)
    wide = {LAYERS[0]: (torch.zeros(4, 8), torch.zeros(8, 4))}
    with pytest.raises(CheckpointError, match="got 1 keys of another shape"):
        with_lora(tiny_unet, updates(wide, tmp_path), 1.0)


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "lora.safetensors").write_bytes(b"\x05not it")
    with pytest.raises(CheckpointError, match="got no readable file of tensors"):
        read_lora(tmp_path / "lora.safetensors")


@pytest.mark.filterwarnings("ignore")
@torch.no_grad()
@pytest.mark.parametrize("form", ["peft", "layers"])
def test_outputs_equal_those_of_diffusers_with_the_same_lora(form, tiny_json, halves, tmp_path, wave):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("peft", reason="needs peft beside diffusers: pip install peft")
        diffusers = pytest.importorskip(
            "diffusers", reason="needs the peer: pip install 'if-graph[reference]'"
        )
        peer = diffusers.UNet2DConditionModel(**tiny_json).eval()
        unet = UNet(config_from_json(tiny_json)).eval()
        unet.load_state_dict(peer.state_dict())
        save_file(FORMS[form](halves), tmp_path / "lora.safetensors")
        loader = diffusers.loaders.StableDiffusionLoraLoaderMixin
        state, alphas = loader.lora_state_dict(tmp_path / "lora.safetensors")[:2]
        loader.load_lora_into_unet(state, network_alphas=alphas, unet=peer)
    x, t, states = wave(2, 3, 16, 16), torch.tensor([500, 3]), wave(2, 7, 48, f=0.11, p=0.5)
    changed = with_lora(unet, read_lora(tmp_path / "lora.safetensors"), 1.0)
    got = changed(x, t, changed.read_text(states))
    want = peer(x, t, encoder_hidden_states=states).sample
    assert (want - unet(x, t, unet.read_text(states))).abs().max() > 1e-2  # the LoRA does something
    # 1e-5: the peer adds the update to each layer's output, we to its weights
    assert_close(got, want, atol=1e-5, rtol=1e-5)
