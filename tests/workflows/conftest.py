"""Tiny random checkpoints under the names that shipped workflows load."""

import json

import pytest
from safetensors.torch import save_file

from if_graph.graph import load_node_classes
from if_graph.models.x4.config import upscaler_config
from if_graph.models.x4.unet import UpscalerUNet
from if_graph.models.x4.vae import Vae
from if_graph.models.x4.vae_config import vae_config


@pytest.fixture(scope="module")
def classes():
    return load_node_classes()


def write_part(folder, network, fields, stem="diffusion_pytorch_model"):
    """Write a network's weights and settings as a checkpoint holds them."""
    folder.mkdir(parents=True)
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    save_file(weights, folder / f"{stem}.safetensors")
    (folder / "config.json").write_text(json.dumps(fields))


def write_scheduler(folder, text):
    folder.mkdir(parents=True)
    (folder / "scheduler_config.json").write_text(text)


@pytest.fixture
def models(tmp_path, monkeypatch):
    """An empty model folder of the user's, which comes before the bundled one."""
    monkeypatch.setenv("IF_GRAPH_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def write_upscaler(models, clip_words, tiny_upscaler_json):
    """Write a tiny x4 upscaler in the published layout under a name."""

    def write(name):
        from transformers import CLIPTextConfig, CLIPTextModel

        fields, folder = tiny_upscaler_json, models / name
        text = CLIPTextModel(CLIPTextConfig(**fields["text_encoder"]))
        write_part(folder / "unet", UpscalerUNet(upscaler_config(fields["unet"])), fields["unet"])
        write_part(folder / "vae", Vae(vae_config(fields["vae"])), fields["vae"])
        write_part(folder / "text_encoder", text, text.config.to_dict(), "model")
        write_scheduler(folder / "scheduler", json.dumps(fields["scheduler"]))
        clip_words(folder / "tokenizer")

    return write
