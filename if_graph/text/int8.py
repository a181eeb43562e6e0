"""The encoder's large weights in 8 bits: read as published, or rounded while they are loaded."""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from if_graph.filling import Source
from if_graph.mapped import map_weights, read_shapes, read_types
from if_graph.residency import Stay, settle
from if_graph.weights import check_fit, check_types, find_weights

PUBLISHED = "8bit"
"""Variant of the files that hold rounded weights."""

_SCALE = ".SCB"
_LEVELS = 127


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
        return cls(_rounded(weight), _scale(weight))

    def forward(self, x: Tensor) -> Tensor:
        """Map x [..., in] to [..., out]."""
        weight, scale = self.get_buffer("weight"), self.get_buffer("SCB")
        return F.linear(x, weight.to(x.dtype)) * (scale / _LEVELS).to(x.dtype)


def _scale(weight: Tensor) -> Tensor:
    return weight.float().abs().amax(dim=1)


def _rounded(weight: Tensor) -> Tensor:
    levels = weight.float() * (_LEVELS / _scale(weight).clamp(min=1e-30))[:, None]
    return levels.round().to(torch.int8)


def fill_int8(
    model: nn.Module,
    folder: Path,
    device: torch.device,
    dtype: torch.dtype,
    variant: str | None,
    tied: frozenset[str],
    stay: Stay | None = None,
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
        stay: how long the weights stay, see :func:`if_graph.weights.fill_weights`.

    Raises:
        CheckpointError: if files are missing, or do not fit the model.
    """
    files = _find(folder, variant)
    shapes = read_shapes(files, _weight_name)
    scales = {name for name in shapes if name.endswith(_SCALE)}
    linear = [name for name, layer in model.named_modules() if isinstance(layer, nn.Linear)]
    rounded = [name for name in linear if not scales or name + _SCALE in scales]
    for name in rounded:
        _hold_int8(model, name)
    made = frozenset(name + _SCALE for name in rounded if not scales)
    if made:
        check_types(read_types(files), folder)
    check_fit(model, shapes | {name: _row_shape(model, name) for name in made}, tied, folder)
    model.to(dtype)  # floats only
    settle(model, _source(files, device, dtype, tied, made), stay)


def _source(
    files: Sequence[Path],
    device: torch.device,
    dtype: torch.dtype,
    tied: frozenset[str],
    made: frozenset[str],
) -> Source:
    """Return a source of 8-bit weights; scales in ``made``, and what they scale, come from float weights."""

    def open_() -> dict[str, Tensor]:
        raw = map_weights(files, tied, _weight_name)
        return raw | {name: raw[_scaled_by(name)] for name in made}

    def prepare(name: str, raw: Tensor) -> Tensor:
        if name in made:
            return _scale(raw.to(device))
        if name.removesuffix(".weight") + _SCALE in made:
            return _rounded(raw.to(device))
        return raw.to(device, None if raw.dtype == torch.int8 or name.endswith(_SCALE) else dtype)

    return Source(open_, prepare, device, tied)


def _find(folder: Path, variant: str | None) -> tuple[Path, ...]:
    if variant is None and list(folder.glob(f"model*{PUBLISHED}*")):
        variant = PUBLISHED
    return find_weights(folder, "model", variant)


def _weight_name(name: str) -> str | None:
    """Leave out what says how bitsandbytes lays rows out; in a file it is always plain."""
    return None if name.endswith(".weight_format") else name


def _scaled_by(name: str) -> str:
    return name.removesuffix(_SCALE) + ".weight"


def _row_shape(model: nn.Module, name: str) -> tuple[int, ...]:
    return tuple(model.get_buffer(name).shape)


def _hold_int8(model: nn.Module, name: str) -> None:
    """Replace a linear layer by an empty 8-bit one."""
    parent, _, leaf = name.rpartition(".")
    shape = model.get_submodule(name).get_parameter("weight").shape
    empty = Int8Linear(
        torch.empty(shape, dtype=torch.int8, device="meta"), torch.empty(shape[0], device="meta")
    )
    setattr(model.get_submodule(parent), leaf, empty)
