"""Which type runs where; devices that are not here are only asked for, never used."""

import json

import pytest
import torch
from safetensors.torch import save_file

from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.request import Request
from if_graph.cascade.stage import load_stage
from if_graph.errors import InputError
from if_graph.models.checkpoint import STEM
from if_graph.models.placement import place
from if_graph.text.embeddings import TextEmbeddings
from if_graph.text.t5 import _default_dtype, _int8_dtype


@pytest.fixture
def mac(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


def test_a_cpu_computes_in_float32_or_bfloat16():
    assert place("cpu").dtype == torch.float32
    assert place("cpu", "bfloat16").dtype == torch.bfloat16
    with pytest.raises(InputError, match="float16 has no usable kernels on cpu; choose"):
        place("cpu", "float16")


def test_nothing_on_mps_is_bfloat16(mac):
    assert place() == place("mps", "float16")
    assert place("mps", "float32").dtype == torch.float32
    with pytest.raises(InputError, match="bfloat16 has no usable kernels on mps; choose"):
        place("mps", "bfloat16")
    assert _default_dtype(torch.device("mps")) == _int8_dtype(torch.device("mps")) == torch.float32


@pytest.mark.parametrize(
    ("has_bfloat16", "default", "beside_int8"),
    [(True, torch.bfloat16, torch.bfloat16), (False, torch.float16, torch.float32)],
)
def test_t5_takes_bfloat16_where_the_gpu_has_it(monkeypatch, has_bfloat16, default, beside_int8):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bfloat16)
    cuda = torch.device("cuda")
    assert (_default_dtype(cuda), _int8_dtype(cuda)) == (default, beside_int8)


def test_each_component_may_have_a_gpu_of_its_own(two_gpus):
    assert place("cuda:1").device == torch.device("cuda", 1)
    with pytest.raises(InputError, match="device 'cuda:2' is not available here; choose 'auto' or 'cpu'"):
        place("cuda:2")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_float16_files_paint_on_a_cpu(tmp_path, tiny_unet, tiny_json, dtype):
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "config.json").write_text(json.dumps(tiny_json))
    halves = {name: value.half() for name, value in tiny_unet.state_dict().items()}
    save_file(halves, tmp_path / "unet" / f"{STEM}.fp16.safetensors")
    embeds = TextEmbeddings(torch.ones(1, 7, 48), torch.ones(1, 7, dtype=torch.long), ("",))
    generator = torch.Generator().manual_seed(0)
    request = Request(embeds, embeds, SamplingPlan(steps=2), generator, (16, 16), 1.0)
    stage = load_stage(tmp_path, place("cpu", dtype))
    *_, last = stage.sample(request)
    assert stage.unet.conv_in.weight.dtype == getattr(torch, dtype)
    assert last.x_t.dtype == torch.float32
    assert last.x_t.isfinite().all()
