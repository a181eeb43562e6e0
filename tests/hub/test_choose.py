import pytest

from if_graph.errors import InputError
from if_graph.hub.choose import choose_files, variant_of


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("unet/diffusion_pytorch_model.safetensors", ""),
        ("unet/diffusion_pytorch_model.fp16.safetensors", "fp16"),
        ("text_encoder/model-00001-of-00004.safetensors", ""),
        ("text_encoder/model.fp16-00001-of-00002.safetensors", "fp16"),
        ("text_encoder/model.8bit.safetensors", "8bit"),
        ("text_encoder/model.safetensors.index.json", ""),
        ("text_encoder/model.safetensors.index.fp16.json", "fp16"),
        ("unet/config.json", None),
        ("unet/diffusion_pytorch_model.bin", None),
    ],
)
def test_the_variant_is_read_off_the_name(name, variant):
    assert variant_of(name) == variant


def test_a_whole_file_is_taken_before_its_shards():
    names = ["unet/m.safetensors", "unet/m-00001-of-00002.safetensors", "unet/m.safetensors.index.json"]
    assert choose_files(names) == ["unet/m.safetensors"]


@pytest.mark.parametrize("name", ["../unet/evil.safetensors", "/unet/evil.json", "unet/..\\evil.json"])
def test_names_that_lead_out_of_the_folder_are_never_taken(name):
    assert name not in choose_files([name, "unet/m.safetensors"], parts=("unet", "../unet", "/unet"))


def test_a_repository_of_something_else_is_refused():
    with pytest.raises(InputError, match="it has none"):
        choose_files(["README.md", "pytorch_model.bin"])
