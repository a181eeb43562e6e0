"""Safetensors files of a checkpoint folder become a network's weights: found, checked, then mapped."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from if_graph.errors import CheckpointError
from if_graph.filling import Source, owners, put
from if_graph.mapped import Naming, as_written, map_weights, read_shapes, read_types
from if_graph.residency import Stay, settle

VARIANTS = ("", "fp16", "bf16")
"""File variants that hold plain weights, the most precise first; ``model.fp16.safetensors`` is ``fp16``."""

_FLOATS = {"F64", "F32", "F16", "BF16"}


def find_weights(folder: Path, stem: str, variant: str | None = None) -> tuple[Path, ...]:
    """Return the files of one variant, whole or sharded.

    Args:
        folder: where ``<stem>.safetensors`` or ``<stem>.safetensors.index.json`` lies, with a variant's name
            or without.
        stem: ``model`` or ``diffusion_pytorch_model``.
        variant: take this one; None takes the first of :data:`VARIANTS` that is there.

    Raises:
        CheckpointError: if there are none, only pickles, or a shard that the index names is missing.
    """
    for name in VARIANTS if variant is None else (variant,):
        dot = f".{name}" if name else ""
        whole, index = folder / f"{stem}{dot}.safetensors", folder / f"{stem}.safetensors.index{dot}.json"
        if whole.is_file():
            return (whole,)
        if index.is_file():
            return _shards(index)
    raise CheckpointError(_nothing_found(folder, stem, variant))


def _nothing_found(folder: Path, stem: str, variant: str | None) -> str:
    pickles = sorted(path.name for path in folder.glob("*.bin"))
    if pickles:
        return (
            f"{folder}: got only pickled weights ({', '.join(pickles)}), expected safetensors, because "
            "reading a pickle can run code; convert the folder to safetensors"
        )
    wanted = f" of variant {variant!r}" if variant else ""
    return (
        f"{folder}: got no weights{wanted}, expected {stem}.safetensors or {stem}.safetensors.index.json; "
        "download the folder again"
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


def fill_weights(
    model: nn.Module,
    files: Sequence[Path],
    device: torch.device | str,
    dtype_of: Callable[[str], torch.dtype],
    tied: frozenset[str] = frozenset(),
    stay: Stay | None = None,
    named: Naming = as_written,
) -> None:
    """Give ``model``, built on the meta device, the weights in ``files``; each tensor exists once in memory.

    Files are mapped, so weights that keep their dtype and stay on the CPU cost no memory of their own.

    Args:
        model: a network on meta.
        files: safetensors, as :func:`find_weights` returns them.
        device: where the weights go.
        dtype_of: tells the floating-point type of a weight by its name.
        tied: names of one and the same tensor; the files may hold any of them.
        stay: how long the weights stay once they are used; None brings them now and for good.
        named: brings the files' names to the model's.

    Raises:
        CheckpointError: if a file cannot be read, or names, shapes or types differ from what the model has.
    """
    check_fit(model, read_shapes(files, named), tied, files[0].parent)
    check_types(read_types(files, named), files[0].parent)
    for module, names in owners(model):
        for leaf, name in names.items():
            put(module, leaf, getattr(module, leaf).detach().to(dtype_of(name)))
    source = Source(
        lambda: map_weights(files, tied, named),
        lambda name, raw: _brought(raw, device, dtype_of(name)),
        torch.device(device),
        tied,
    )
    settle(model, source, stay)


def _brought(raw: Tensor, device: torch.device | str, dtype: torch.dtype) -> Tensor:
    """Bring a weight to its device and type; filters that are copied for it come as CPUs read bfloat16."""
    weight = raw.to(device, dtype)
    is_short_filter = weight.ndim == 4 and weight.dtype == torch.bfloat16 and weight.device.type == "cpu"
    if weight is raw or not is_short_filter:
        return weight
    return weight.contiguous(memory_format=torch.channels_last)


def check_fit(
    model: nn.Module, found: Mapping[str, tuple[int, ...]], tied: frozenset[str], folder: Path
) -> None:
    """Compare the shapes ``found`` in a folder's files with those ``model`` has.

    Raises:
        CheckpointError: listing what is missing, unexpected or of another shape.
    """
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    have = found.keys() | tied if found.keys() & tied else found.keys()
    problems = [f"missing {name}" for name in wanted if name not in have]
    problems += [f"unexpected {name}" for name in found if name not in wanted]
    problems += [
        f"{name} is {list(found[name])} instead of {list(wanted[name])}"
        for name in found.keys() & wanted.keys()
        if found[name] != wanted[name]
    ]
    _refuse(problems, folder)


def check_types(types: Mapping[str, str], folder: Path) -> None:
    """Refuse weights that are no floating-point numbers.

    Raises:
        CheckpointError: listing them.
    """
    odd = {name: type_ for name, type_ in types.items() if type_ not in _FLOATS}
    _refuse([f"{name} is {type_} instead of a float type" for name, type_ in odd.items()], folder)


def _refuse(problems: Sequence[str], folder: Path) -> None:
    if problems:
        raise CheckpointError(
            f"{folder}: got weights that do not fit config.json ({'; '.join(sorted(problems))}); "
            "use the config.json and weights of one checkpoint"
        )
