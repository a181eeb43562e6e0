import pytest
import torch
from if_graph_nodes.lora import IFLoadLoRA
from safetensors.torch import save_file

from if_graph.cascade.stage import Stage
from if_graph.diffusion.schedule import Diffusion
from if_graph.errors import InputError
from if_graph.models.placement import place

LAYER = "mid_block.attentions.0.to_q"


@pytest.fixture
def stage(tiny_unet):
    return Stage(tiny_unet, Diffusion(), Diffusion(), place("cpu"))


@pytest.fixture
def lora_name(tmp_path, monkeypatch):
    """A LoRA of rank 1 that adds 1 to every weight of one layer, in a model folder."""
    monkeypatch.setenv("IF_GRAPH_MODELS", str(tmp_path))
    (tmp_path / "loras" / "mine").mkdir(parents=True)
    halves = {
        f"unet.{LAYER}.lora_A.weight": torch.ones(1, 64),
        f"unet.{LAYER}.lora_B.weight": torch.ones(64, 1),
    }
    save_file(halves, tmp_path / "loras" / "mine" / "one.safetensors")
    return "mine/one.safetensors"


def weight(stage):
    return stage.unet.get_submodule(LAYER).weight


def test_a_lora_of_a_model_folder_is_offered_and_added(stage, lora_name):
    assert lora_name in IFLoadLoRA.INPUT_TYPES()["required"]["lora"][0]
    changed = IFLoadLoRA().run(stage, lora_name, 0.5)[0]
    torch.testing.assert_close(weight(changed), weight(stage) + 0.5)
    assert changed.diffusion is stage.diffusion


def test_a_changed_file_changes_the_key(lora_name, tmp_path):
    before = IFLoadLoRA.IS_CHANGED(lora=lora_name, strength=1.0)
    (tmp_path / "loras" / lora_name).write_bytes(b"other")
    assert IFLoadLoRA.IS_CHANGED(lora=lora_name, strength=1.0) != before


def test_an_unknown_name_is_refused(stage, lora_name):
    with pytest.raises(InputError, match=r"LoRA 'two' is in no model folder, got mine/one\.safetensors"):
        IFLoadLoRA().run(stage, "two", 1.0)
