"""The encoder's large weights in 8 bits: read as published, or rounded while they are loaded."""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import Tensor, nn

from if_graph.errors import CheckpointError
from if_graph.weights import fill_weights, find_weights, read_shapes

PUBLISHED = "8bit"
"""Variant of the files that hold rounded weights."""

_LEVELS = 127
_TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


class Int8Linear(nn.Module):
    """A linear layer without bias whose weights are whole numbers and one scale a row.

    State-dict names are those of the published 8-bit files. Activations are not rounded, so the only error is
    that of the weights, at most 1/254 of the largest in a row.

    Args:
        weight: [out, in], int8, -127..127.
        scale: ``SCB``, the largest absolute weight of each row, [out], float32.
    """

    def __init__(self, weight: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("SCB", scale)

    @classmethod
    def of(cls, weight: Tensor) -> "Int8Linear":
        """Round weights [out, in] of any float type."""
        scale = weight.float().abs().amax(dim=1)
        rounded = (weight.float() * (_LEVELS / scale.clamp(min=1e-30))[:, None]).round()
        return cls(rounded.to(torch.int8), scale)

    def forward(self, x: Tensor) -> Tensor:
        """Map x [..., in] to [..., out]."""
        weight, scale = self.get_buffer("weight"), self.get_buffer("SCB")
        return F.linear(x, weight.to(x.dtype)) * (scale / _LEVELS).to(x.dtype)


def fill_int8(
    model: nn.Module,
    folder: Path,
    device: torch.device,
    dtype: torch.dtype,
    variant: str | None,
    tied: frozenset[str],
) -> None:
    """Give ``model`` 8-bit linear layers with the weights in ``folder``; the rest has ``dtype``.

    Args:
        model: the encoder, on the meta device.
        folder: with ``model.8bit.safetensors``, whole or sharded, or with float weights, which are rounded
            one by one, so that only one of them is in memory besides the rounded ones.
        device: where the weights go.
        dtype: of embeddings and norms, and so of the computation; not float16, whose range is too small.
        variant: take these files; None prefers the published 8-bit ones.
        tied: names of one and the same tensor.

    Raises:
        CheckpointError: if files are missing, or do not fit the model.
    """
    files = _find(folder, variant)
    if any(name.endswith(".SCB") for name in read_shapes(files)):
        _fill_published(model, files, device, dtype, tied)
        return
    types = _float_types(files)
    fill_weights(model, files, "cpu", lambda name: types[name], tied)  # mapped, not read
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Linear):
            _replace(model, name, Int8Linear.of(layer.weight.to(device)))
    _move_floats(model, device, dtype)


def _find(folder: Path, variant: str | None) -> tuple[Path, ...]:
    if variant is None and list(folder.glob(f"model*{PUBLISHED}*")):
        variant = PUBLISHED
    return find_weights(folder, "model", variant)


def _float_types(files: Sequence[Path]) -> dict[str, torch.dtype]:
    types = {}
    for path in files:
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118  a file is not a mapping
                types[name] = _TYPES.get(file.get_slice(name).get_dtype(), torch.float32)
    return types


def _replace(model: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, layer)


def _move_floats(model: nn.Module, device: torch.device, dtype: torch.dtype) -> None:
    """Move what is not rounded; the tied embedding stays one tensor."""
    moved: dict[int, nn.Parameter] = {}
    for module in model.modules():
        for name, weight in module.named_parameters(recurse=False):
            new = moved.setdefault(
                id(weight), nn.Parameter(weight.detach().to(device, dtype), requires_grad=False)
            )
            setattr(module, name, new)


def _fill_published(
    model: nn.Module, files: Sequence[Path], device: torch.device, dtype: torch.dtype, tied: frozenset[str]
) -> None:
    shapes = read_shapes(files)
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Linear) and f"{name}.SCB" in shapes:
            rows = torch.empty(layer.out_features, device="meta")
            _replace(model, name, Int8Linear(layer.weight.to(torch.int8), rows))
    _check(model, files, {name: shape for name, shape in shapes.items() if not name.endswith(_EXTRA)}, tied)
    weights = {}
    for path in files:
        with safe_open(path, framework="pt") as file:
            for name in (name for name in file.keys() if not name.endswith(_EXTRA)):  # noqa: SIM118
                weights[name] = _place(name, file.get_tensor(name), device, dtype)
    shared = next(weights[name] for name in sorted(tied, reverse=True) if name in weights)
    model.load_state_dict(weights | dict.fromkeys(tied, shared), strict=True, assign=True)


_EXTRA = ".weight_format"  # says how bitsandbytes lays rows out; always plain in a file


def _place(name: str, tensor: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    if tensor.dtype == torch.int8 or name.endswith(".SCB"):
        return tensor.to(device)
    return nn.Parameter(tensor.to(device, dtype), requires_grad=False)


def _check(
    model: nn.Module, files: Sequence[Path], found: dict[str, tuple[int, ...]], tied: frozenset[str]
) -> None:
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    have = found.keys() | tied if found.keys() & tied else found.keys()
    problems = [f"missing {name}" for name in wanted if name not in have]
    problems += [f"unexpected {name}" for name in found if name not in wanted]
    problems += [
        f"{name} is {list(shape)} instead of {list(wanted[name])}"
        for name, shape in found.items()
        if wanted.get(name, shape) != shape
    ]
    if problems:
        raise CheckpointError(
            f"{files[0].parent}: got 8-bit weights that do not fit config.json "
            f"({'; '.join(sorted(problems))}); use the config.json and weights of one checkpoint"
        )
