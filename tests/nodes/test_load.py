"""What loaders tell of a checkpoint without loading it."""

import pytest
import torch
from if_graph_nodes.load import IFLoadStage, IFLoadTextEncoder
from safetensors.torch import save_file

from if_graph.errors import CheckpointError, InputError


@pytest.fixture
def unet(tmp_path, monkeypatch):
    monkeypatch.setenv("IF_GRAPH_MODELS", str(tmp_path))
    folder = tmp_path / "mine" / "unet"
    folder.mkdir(parents=True)
    return folder


def test_files_of_a_checkpoint_say_who_made_them_and_the_first_is_heard(unet):
    for name, author in (("a", "first"), ("b", "second")):
        save_file({"x": torch.zeros(1)}, unet / f"{name}.safetensors", {"author": author, name: "there"})
    assert IFLoadStage.METADATA("mine") == {"author": "first", "a": "there", "b": "there"}


@pytest.mark.parametrize("loader", [IFLoadStage, IFLoadTextEncoder])
def test_the_bundled_cascade_says_what_wrote_it(loader):
    assert loader.METADATA("nano/stage_1") == {"format": "pt"}


def test_a_damaged_file_and_an_unknown_checkpoint_say_nothing(unet):
    (unet / "a.safetensors").write_bytes(b"torn")
    with pytest.raises(CheckpointError, match="no readable safetensors"):
        IFLoadStage.METADATA("mine")
    with pytest.raises(InputError, match="not in any model folder"):
        IFLoadStage.METADATA("../mine")
