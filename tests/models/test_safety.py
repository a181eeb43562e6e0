"""Loading the safety checker: published key names, files of older and newer versions, damaged folders."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from if_graph.errors import CheckpointError
from if_graph.models.placement import place
from if_graph.models.safety import SafetyNet, load_safety_net
from if_graph.residency import AFTER_USE, BY_LAYER, Stay

CPU = place("cpu")
TINY = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
    "projection_dim": 12,
}


@pytest.fixture
def checkpoint(tmp_path):
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    net = SafetyNet(CLIPVisionModelWithProjection(CLIPVisionConfig.from_dict(TINY)), 12, 32)
    folder = tmp_path / "safety_checker"
    folder.mkdir()
    save_file(net.state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"vision_config": TINY}))
    return tmp_path, net


def test_a_loaded_checker_gives_the_scores_that_were_saved(checkpoint):
    folder, net = checkpoint
    views = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(load_safety_net(folder, CPU)(views), net.eval()(views))


@pytest.mark.parametrize("offload", [AFTER_USE, BY_LAYER])
def test_a_checker_that_comes_and_goes_gives_the_same_scores(checkpoint, offload):
    folder, _ = checkpoint
    views, net = torch.randn(3, 3, 32, 32), load_safety_net(folder, place("cpu", stay=Stay(offload)))
    assert all(weight.is_meta for weight in net.parameters())
    with torch.no_grad():
        for ours, wanted in zip(net(views), load_safety_net(folder, CPU)(views), strict=True):
            assert torch.equal(ours, wanted)


def test_row_numbers_in_files_of_older_versions_are_left_out(checkpoint):
    folder, _ = checkpoint
    file = folder / "safety_checker" / "model.safetensors"
    numbers = {"vision_model.vision_model.embeddings.position_ids": torch.arange(17)[None]}
    save_file(load_file(file) | numbers, file)
    net = load_safety_net(folder, CPU)
    assert not any(buffer.is_meta for buffer in net.buffers())


def test_a_missing_head_is_named(checkpoint):
    folder, _ = checkpoint
    file = folder / "safety_checker" / "model.safetensors"
    weights = load_file(file)
    del weights["p_head.bias"]
    save_file(weights, file)
    with pytest.raises(CheckpointError, match=r"missing p_head\.bias"):
        load_safety_net(folder, CPU)


def test_a_config_of_something_else_is_refused(checkpoint):
    folder, _ = checkpoint
    (folder / "safety_checker" / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match="expected that of a CLIP network"):
        load_safety_net(folder, CPU)


def test_a_checkpoint_without_one_says_so(tmp_path):
    with pytest.raises(CheckpointError, match="no safety_checker folder"):
        load_safety_net(tmp_path, CPU)
