"""The parts of ComfyUI that a pack meets, as plain modules with the behaviour that its contract states."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch


class Interrupt(BaseException):
    """ComfyUI's InterruptProcessingException is a BaseException, too."""


class Bar:
    """comfy.utils.ProgressBar: keeps what it is told."""

    told = []

    def __init__(self, total, node_id=None):
        Bar.told.clear()

    def update_absolute(self, value, total=None, preview=None):
        self.told.append((value, total, preview))


class ModelPatcher:
    """comfy.model_patcher.ModelPatcher, as far as loading goes."""

    def __init__(self, model, load_device, offload_device, size=0):
        self.model, self.load_device, self.offload_device = model, load_device, offload_device
        self.model_size()  # as ComfyUI 0.3.64 does


class Management(ModuleType):
    """comfy.model_management: loads and unloads patchers, knows devices, and can be interrupted."""

    def __init__(self):
        super().__init__("comfy.model_management")
        self.loaded, self.interrupted, self.device = [], False, torch.device("cpu")
        self.text_encoder_device = self.get_torch_device = lambda: self.device
        self.should_use_fp16 = lambda device: device.type == "cuda"

    def load_models_gpu(self, models, memory_required=0):
        for model in models:
            model.partially_load(model.load_device, 1e32)
            self.loaded = [model, *(other for other in self.loaded if other is not model)]

    def unload_all_models(self):
        while self.loaded:
            self.loaded.pop().detach(True)

    def throw_exception_if_processing_interrupted(self):
        if self.interrupted:
            raise Interrupt


@pytest.fixture
def comfy(monkeypatch, tmp_path):
    """A running ComfyUI with folders of its own; yields what tests turn."""
    folders, extra, into = tmp_path / "models", tmp_path / "extra", tmp_path / "input"
    into.mkdir()
    known = {}

    def add(name, path, is_default=False):
        known.setdefault(name, [str(extra)]).append(path)

    parts = {
        "comfy.utils": SimpleNamespace(ProgressBar=Bar),
        "comfy.model_management": Management(),
        "comfy.model_patcher": SimpleNamespace(ModelPatcher=ModelPatcher),
        "comfy.cli_args": SimpleNamespace(args=SimpleNamespace()),
        "folder_paths": SimpleNamespace(
            models_dir=str(folders), add_model_folder_path=add, get_folder_paths=known.__getitem__,
            get_input_directory=lambda: str(into),
        ),
    }  # fmt: skip
    for name, module in parts.items():
        monkeypatch.setitem(sys.modules, name, module)
    return SimpleNamespace(
        memory=parts["comfy.model_management"], flags=parts["comfy.cli_args"].args, bar=Bar, input=into,
        models=folders / "deepfloyd_if", extra=Path(extra), interrupt=Interrupt,
    )  # fmt: skip
