"""The x4 upscaler's networks: published keys and sizes, and the peer's numbers on any size of picture."""

import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch.testing import assert_close

from if_graph.errors import CheckpointError
from if_graph.models.placement import Placement, place
from if_graph.models.x4 import attention
from if_graph.models.x4.config import UPSCALER, upscaler_config
from if_graph.models.x4.unet import UpscalerUNet, load_upscaler_unet
from if_graph.models.x4.vae import Vae, load_vae
from if_graph.models.x4.vae_config import UPSCALER_VAE, vae_config
from if_graph.residency import AFTER_USE, BY_LAYER, Stay

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    diffusers = pytest.importorskip("diffusers", reason="needs the peer: pip install 'if-graph[reference]'")

pytestmark = pytest.mark.filterwarnings("ignore")
KEYS = Path(__file__).parents[1] / "golden" / "keys"
TOLERANCE = 1e-5  # float32; the order of sums differs
TINY_UNET = {
    "sample_size": 8, "in_channels": 7, "out_channels": 4, "block_out_channels": [16, 32, 32, 64],
    "down_block_types": ["DownBlock2D", *["CrossAttnDownBlock2D"] * 3],
    "up_block_types": [*["CrossAttnUpBlock2D"] * 3, "UpBlock2D"],
    "layers_per_block": 2, "attention_head_dim": 4, "cross_attention_dim": 24, "num_class_embeds": 1000,
    "only_cross_attention": [True, True, True, False], "use_linear_projection": True, "norm_num_groups": 8,
}  # fmt: skip
TINY_VAE = {
    "in_channels": 3, "out_channels": 3, "latent_channels": 4, "block_out_channels": [16, 16, 32],
    "down_block_types": ["DownEncoderBlock2D"] * 3, "up_block_types": ["UpDecoderBlock2D"] * 3,
    "layers_per_block": 2, "norm_num_groups": 8, "sample_size": 32, "scaling_factor": 0.08333,
}  # fmt: skip


@pytest.fixture
def unets():
    """The same random weights in the peer's network and in ours; the keys are the same."""

    def make(seed):
        torch.manual_seed(seed)
        peer = diffusers.UNet2DConditionModel(**TINY_UNET).eval()
        ours = UpscalerUNet(upscaler_config(peer.config)).eval()
        ours.load_state_dict(peer.state_dict(), strict=True)
        return peer, ours

    return make


@pytest.fixture
def vaes():
    def make(seed):
        torch.manual_seed(seed)
        peer = diffusers.AutoencoderKL(**TINY_VAE).eval()
        ours = Vae(vae_config(peer.config)).eval()
        ours.load_state_dict(peer.state_dict(), strict=True)
        return peer, ours

    return make


@pytest.mark.parametrize(
    ("part", "network", "config", "count"),
    [("unet", UpscalerUNet, UPSCALER, 473_398_020), ("vae", Vae, UPSCALER_VAE, 55_325_927)],
)
def test_published_layouts_have_the_published_keys_shapes_and_parameters(part, network, config, count):
    rows = (KEYS / f"keys_x4_{part}.txt").read_text().splitlines()
    with torch.device("meta"):
        built = network(config)
    published = dict(row.split("\t") for row in rows)
    assert {name: str(tuple(value.shape)) for name, value in built.state_dict().items()} == published
    assert sum(p.numel() for p in built.parameters()) == count


@torch.no_grad()
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("size", [(8, 8), (12, 20), (13, 9), (7, 16)])
def test_the_unet_equals_the_peers_at_any_size(unets, seed, size):
    peer, ours = unets(seed)
    x_t, text = torch.randn(2, 7, *size), torch.randn(2, 5, 24)
    t, level = torch.tensor([500, 3]), torch.tensor([20, 350])
    wanted = peer(x_t, t, encoder_hidden_states=text, class_labels=level).sample
    assert_close(ours(x_t, t, text, level), wanted, atol=TOLERANCE, rtol=0)


@torch.no_grad()
def test_what_does_not_read_the_prompt_is_computed_once_for_all_prompts_of_a_picture(unets):
    peer, ours = unets(1)
    x_t, t, level = torch.randn(2, 7, 10, 14), torch.tensor([7, 900]), torch.tensor([20, 3])
    text, seen = torch.randn(6, 5, TINY_UNET["cross_attention_dim"]), []
    for part in (*ours.down_blocks, ours.up_blocks[-1]):
        part.register_forward_hook(lambda _, args, out: seen.append((len(args[0]), len(out))))
    thrice = x_t.repeat(3, 1, 1, 1), t.repeat(3)
    wanted = peer(*thrice, text, class_labels=level.repeat(3)).sample
    assert_close(ours(x_t, t, text, level), wanted, atol=TOLERANCE, rtol=0)
    assert seen == [(2, 2), (6, 6), (6, 6), (6, 6), (6, 6)]


@torch.no_grad()
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_vae_equals_the_peers_both_ways(vaes, seed):
    peer, ours = vaes(seed)
    pixels, latents = torch.randn(2, 3, 20, 28), torch.randn(2, 4, 5, 7)
    scale = TINY_VAE["scaling_factor"]
    posterior = peer.encode(pixels).latent_dist
    assert_close(ours.encode(pixels), posterior.mean * scale, atol=TOLERANCE, rtol=0)
    noise = torch.randn(posterior.mean.shape, generator=torch.Generator().manual_seed(5))
    drawn = posterior.sample(torch.Generator().manual_seed(5)) * scale
    assert_close(ours.encode(pixels, noise), drawn, atol=TOLERANCE, rtol=0)
    assert_close(ours.decode(latents), peer.decode(latents / scale).sample, atol=TOLERANCE, rtol=0)


def test_attention_in_slices_equals_attention_at_once(monkeypatch):
    q, k, v = torch.randn(3, 2, 50, 16)
    whole = attention.attend(q, k, v, 4)
    monkeypatch.setattr(attention, "MAX_SCORES", 2 * 4 * 50 * 7)  # seven rows of queries at a time
    assert_close(attention.attend(q, k, v, 4), whole)


def test_saved_networks_are_loaded(unets, vaes, tmp_path):
    (unet, ours), (vae, our_vae) = unets(1), vaes(1)
    unet.save_pretrained(tmp_path / "unet")
    vae.save_pretrained(tmp_path / "vae")
    loaded, loaded_vae = load_upscaler_unet(tmp_path, place("cpu")), load_vae(tmp_path, place("cpu"))
    assert_close(dict(loaded.state_dict()), dict(ours.state_dict()))
    assert_close(dict(loaded_vae.state_dict()), dict(our_vae.state_dict()))


@pytest.mark.parametrize("offload", [AFTER_USE, BY_LAYER])
def test_networks_that_come_and_go_in_one_room_compute_the_same(unets, vaes, tmp_path, offload):
    (unet, ours), (vae, our_vae) = unets(1), vaes(1)
    unet.save_pretrained(tmp_path / "unet")
    vae.save_pretrained(tmp_path / "vae")
    placement = place("cpu", stay=Stay(offload))
    loaded, loaded_vae = load_upscaler_unet(tmp_path, placement), load_vae(tmp_path, placement)
    inputs = torch.randn(1, 7, 8, 8), torch.tensor([500]), torch.randn(1, 5, ours.config.cross_attention_dim)
    level, latents = torch.tensor([20]), torch.randn(1, 4, 8, 8)
    assert torch.equal(loaded(*inputs, level), ours(*inputs, level))
    assert torch.equal(loaded_vae.decode(latents), our_vae.decode(latents))
    assert all(weight.is_meta for weight in loaded.parameters())


def test_attention_names_of_older_vae_files_are_read(vaes, tmp_path):
    peer, ours = vaes(1)
    peer.save_pretrained(tmp_path / "vae")
    names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}

    def older(name):
        for new, old in names.items():
            name = name.replace(f"attentions.0.{new}.", f"attentions.0.{old}.")
        return name

    weights = {older(name): value for name, value in peer.state_dict().items()}
    assert any("proj_attn" in name for name in weights)
    save_file(weights, tmp_path / "vae" / "diffusion_pytorch_model.safetensors")
    assert_close(dict(load_vae(tmp_path, place("cpu")).state_dict()), dict(ours.state_dict()))


def test_the_vae_runs_in_float32_where_float16_would_overflow(vaes, tmp_path):
    peer, _ = vaes(1)
    peer.save_pretrained(tmp_path / "vae")
    vae = load_vae(tmp_path, Placement(torch.device("cpu"), torch.float16))
    assert next(vae.parameters()).dtype == torch.float32


@pytest.mark.parametrize("changes", [{"act_fn": "gelu"}, {"use_linear_projection": False}])
def test_a_network_of_another_kind_is_refused(changes):
    with pytest.raises(CheckpointError, match="not the x4 upscaler"):
        upscaler_config(TINY_UNET | changes)


def test_a_missing_field_is_named():
    with pytest.raises(CheckpointError, match="num_class_embeds"):
        upscaler_config({name: value for name, value in TINY_UNET.items() if name != "num_class_embeds"})
