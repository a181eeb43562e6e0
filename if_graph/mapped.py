"""Safetensors files -> names, shapes and mapped tensors; the one place that opens them for a network."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from if_graph.errors import CheckpointError

Naming = Callable[[str], str | None]
"""Turns a name in a file into the network's own; None for what is no weight."""


def as_written(name: str) -> str | None:
    """Leave a name as it is in the file."""
    return name


def read_shapes(files: Sequence[Path], named: Naming = as_written) -> dict[str, tuple[int, ...]]:
    """Return the shape of every weight in ``files`` without reading its values.

    Raises:
        CheckpointError: if a file cannot be read; so do the functions below.
    """
    return {name: tuple(file.get_slice(old).get_shape()) for file, old, name in _names(files, named)}


def read_types(files: Sequence[Path], named: Naming = as_written) -> dict[str, str]:
    """Return the type of every weight in safetensors' words, such as ``F16``."""
    return {name: file.get_slice(old).get_dtype() for file, old, name in _names(files, named)}


def read_metadata(files: Sequence[Path]) -> dict[str, str]:
    """Return what the files say of themselves; where two say different things, the first is heard."""
    told: dict[str, str] = {}
    for path in files:
        with _opened(path) as file:
            told = (file.metadata() or {}) | told
    return told


def map_weights(files: Sequence[Path], tied: frozenset[str], named: Naming = as_written) -> dict[str, Tensor]:
    """Map every weight, on the CPU and in the type it has in the file; pages are read when they are used.

    Args:
        files: safetensors of one network.
        tied: names of one and the same tensor, all of which the result has if the files have one.
        named: see ``Naming``.
    """
    weights = {name: file.get_tensor(old) for file, old, name in _names(files, named)}
    shared = [weights[name] for name in sorted(tied & weights.keys())[-1:]]
    return weights | {name: tensor for tensor in shared for name in tied}


def _names(files: Sequence[Path], named: Naming) -> Iterator[tuple[Any, str, str]]:
    for path in files:
        with _opened(path) as file:
            for old in file.keys():  # noqa: SIM118  a file is not a mapping
                name = named(old)
                if name is not None:
                    yield file, old, name


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: got no readable safetensors file ({error}), download it again"
        ) from error
