"""Safetensors files as this project writes them."""

import os

import pytest
import torch
from safetensors import safe_open

from if_graph.tensor_files import write_tensors


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o007, 0o660)])
def test_weights_may_be_read_by_whoever_may_read_other_new_files(tmp_path, umask, mode):
    path, before = tmp_path / "weights.safetensors", os.umask(umask)
    try:
        write_tensors({"a": torch.ones(2)}, path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == mode


def test_any_memory_layout_and_the_texts_of_the_head_are_written(tmp_path):
    path, turned = tmp_path / "weights.safetensors", torch.arange(6.0).reshape(2, 3).T
    write_tensors({"a": turned}, path, {"who": "we"})
    with safe_open(path, "pt") as file:
        assert torch.equal(file.get_tensor("a"), turned)
        assert file.metadata() == {"format": "pt", "who": "we"}
