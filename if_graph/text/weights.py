"""Safetensors files of an official folder become a T5 encoder's weights: found, checked, then read once."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from if_graph.errors import CheckpointError

VARIANTS = ("", "fp16", "bf16")
"""File variants that hold plain weights, the most precise first; ``model.fp16.safetensors`` is ``fp16``."""

_TIED = {"shared.weight", "encoder.embed_tokens.weight"}  # one tensor under two names; files hold one or both
_FLOATS = {"F64", "F32", "F16", "BF16"}


def find_weights(folder: Path, variant: str | None = None) -> tuple[Path, ...]:
    """Return the files of one variant, whole or sharded.

    Args:
        folder: where ``model.safetensors`` or ``model.safetensors.index.json`` lies, with a variant's name or
            without.
        variant: take this one; None takes the first of :data:`VARIANTS` that is there.

    Raises:
        CheckpointError: if there are none, only pickles, or a shard that the index names is missing.
    """
    for name in VARIANTS if variant is None else (variant,):
        dot = f".{name}" if name else ""
        whole, index = folder / f"model{dot}.safetensors", folder / f"model.safetensors.index{dot}.json"
        if whole.is_file():
            return (whole,)
        if index.is_file():
            return _shards(index)
    pickles = sorted(path.name for path in folder.glob("*.bin"))
    if pickles:
        raise CheckpointError(
            f"{folder}: got only pickled weights ({', '.join(pickles)}), expected safetensors, because "
            "reading a pickle can run code; convert the folder to safetensors"
        )
    raise CheckpointError(
        f"{folder}: got no weights{f' of variant {variant!r}' if variant else ''}, "
        "expected model.safetensors or model.safetensors.index.json; download the folder again"
    )


def _shards(index: Path) -> tuple[Path, ...]:
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{index}: got no readable weight_map, expected an index; download it again"
        ) from error
    absent = [name for name in names if Path(name).name != name or not (index.parent / name).is_file()]
    if absent:
        raise CheckpointError(
            f"{index}: got no file for {', '.join(absent)}, expected every shard beside the index; "
            "download the missing ones"
        )
    return tuple(index.parent / name for name in names)


def load_weights(model: nn.Module, files: Sequence[Path], device: torch.device, dtype: torch.dtype) -> None:
    """Give ``model``, built on the meta device, the weights in ``files``; each tensor exists once in memory.

    Files are mapped, so weights that keep their dtype and stay on the CPU cost no memory of their own. In
    float16, ``wo`` stays float32: its sums overflow otherwise.

    Args:
        model: a ``T5EncoderModel`` on meta.
        files: safetensors, as :func:`find_weights` returns them.
        device: where the weights go.
        dtype: a floating-point type.

    Raises:
        CheckpointError: if a file cannot be read, or names, shapes or types differ from what the model has.
    """
    _check(model, files)
    weights: dict[str, nn.Parameter] = {}
    for name, tensor in _tensors(files):
        keep = dtype == torch.float16 and name.endswith(".wo.weight")
        weights[name] = nn.Parameter(tensor.to(device, torch.float32 if keep else dtype), requires_grad=False)
    tied = weights.get("shared.weight", weights.get("encoder.embed_tokens.weight"))
    model.load_state_dict(weights | dict.fromkeys(_TIED, tied), strict=True, assign=True)


def _check(model: nn.Module, files: Sequence[Path]) -> None:
    wanted = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    found: dict[str, list[int]] = {}
    problems = []
    for name, part in _slices(files):
        found[name] = list(part.get_shape())
        if name not in wanted:
            problems.append(f"unexpected {name}")
        elif found[name] != wanted[name]:
            problems.append(f"{name} is {found[name]} instead of {wanted[name]}")
        elif part.get_dtype() not in _FLOATS:
            problems.append(f"{name} is {part.get_dtype()} instead of a float type")
    have = found.keys() | _TIED if found.keys() & _TIED else found.keys()
    problems += [f"missing {name}" for name in wanted if name not in have]
    if problems:
        raise CheckpointError(
            f"{files[0].parent}: got weights that do not fit config.json ({'; '.join(problems)}), "
            "expected exactly those of a T5 encoder; use the config.json and weights of one checkpoint"
        )


def _slices(files: Sequence[Path]) -> Iterator[tuple[str, Any]]:
    for file, name in _names(files):
        yield name, file.get_slice(name)


def _tensors(files: Sequence[Path]) -> Iterator[tuple[str, torch.Tensor]]:
    for file, name in _names(files):
        yield name, file.get_tensor(name)


def _names(files: Sequence[Path]) -> Iterator[tuple[Any, str]]:
    for path in files:
        try:
            with safe_open(path, framework="pt") as file:
                yield from ((file, name) for name in file.keys())  # noqa: SIM118  a file is not a mapping
        except SafetensorError as error:
            raise CheckpointError(
                f"{path}: got no readable safetensors file ({error}), download it again"
            ) from error
