"""Tiny random checkpoints under the names that shipped workflows load."""

import json

import pytest

from if_graph.graph import load_node_classes
from if_graph.models.x4.config import upscaler_config
from if_graph.models.x4.unet import UpscalerUNet
from if_graph.models.x4.vae import Vae
from if_graph.models.x4.vae_config import vae_config


@pytest.fixture(scope="module")
def classes():
    return load_node_classes()


@pytest.fixture
def write_upscaler(models, write_part, write_scheduler, clip_words, tiny_upscaler_json):
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
