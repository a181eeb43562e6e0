import torch

from if_graph.models.checkpoint import load_unet
from if_graph.models.convert import to_original
from if_graph.models.placement import place

PARAMS = "params:\n  image_size: 32\n  num_head_channels: 8\n  att_pool_heads: 2\n"


def test_an_original_file_becomes_a_folder_that_loads(command, tmp_path, tiny_unet):
    torch.save(to_original(tiny_unet.state_dict(), tiny_unet.config), tmp_path / "pytorch_model.bin")
    (tmp_path / "config.yml").write_text(PARAMS)
    code, out, err = command("models", "convert", "pytorch_model.bin", "stage", "--dtype", "float16")
    assert (code, out, err) == (0, "stage: 199 tensors, 860,806 parameters\n", "")
    loaded = load_unet(tmp_path / "stage", place("cpu"))
    assert torch.equal(loaded.conv_in.weight, tiny_unet.conv_in.weight.half().float())


def test_what_cannot_be_read_is_named_in_one_line(command):
    code, out, err = command("models", "convert", "nowhere", "stage")
    assert (code, out) == (2, "")
    assert err.startswith("if-graph: nowhere: got no weights, expected a folder or a file")
    assert err.count("\n") == 1
