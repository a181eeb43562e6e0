"""Safetensors files -> names, shapes and mapped tensors; the one place that opens them for a network."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
    return {name: shape for name, (shape, _) in _described(files, named).items()}


def read_types(files: Sequence[Path], named: Naming = as_written) -> dict[str, str]:
    """Return the type of every weight in safetensors' words, such as ``F16``."""
    return {name: type_ for name, (_, type_) in _described(files, named).items()}


def read_metadata(files: Sequence[Path]) -> dict[str, str]:
    """Return what the files say of themselves; where two say different things, the first is heard."""
    told: dict[str, str] = {}
    for path in files:
        told = _header(path).metadata | told
    return told


def map_weights(files: Sequence[Path], tied: frozenset[str], named: Naming = as_written) -> dict[str, Tensor]:
    """Map every weight, on the CPU and in the type it has in the file; pages are read when they are used.

    Args:
        files: safetensors of one network.
        tied: names of one and the same tensor, all of which the result has if the files have one.
        named: see ``Naming``.
    """
    weights: dict[str, Tensor] = {}
    for path in files:
        with _opened(path) as file:
            weights |= {name: file.get_tensor(old) for name, old in _renamed(file.keys(), named)}
    shared = [weights[name] for name in sorted(tied & weights.keys())[-1:]]
    return weights | {name: tensor for tensor in shared for name in tied}


@dataclass(frozen=True)
class _Header:
    """What a file says of its weights, by their names in it: shape and type; and of itself."""

    weights: Mapping[str, tuple[tuple[int, ...], str]]
    metadata: dict[str, str]


def _described(files: Sequence[Path], named: Naming) -> dict[str, tuple[tuple[int, ...], str]]:
    headers = (_header(path).weights for path in files)
    return {name: told[old] for told in headers for name, old in _renamed(told, named)}


def _renamed(olds: Iterable[str], named: Naming) -> Iterator[tuple[str, str]]:
    """Yield the network's own name of every weight, and the file's."""
    for old in olds:
        name = named(old)
        if name is not None:
            yield name, old


def _header(path: Path) -> _Header:
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return _read_header(path, found.st_mtime_ns, found.st_size, found.st_ino)


@functools.lru_cache(maxsize=32)
def _read_header(path: Path, *_state: int) -> _Header:
    """Read a file's header; the same file is asked for shapes and types several times while it is loaded."""
    with _opened(path) as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118  a file is not a mapping
        told = {name: (tuple(one.get_shape()), one.get_dtype()) for name, one in slices.items()}
        return _Header(told, file.metadata() or {})


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path}: got no readable safetensors file ({error}), download it again")
