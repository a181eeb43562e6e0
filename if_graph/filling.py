"""Weights as they lie in files -> weights a network computes with, all of them or those of one layer."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from if_graph.errors import CheckpointError


@dataclass(frozen=True)
class Source:
    """Where the weights of one network come from, again and again.

    Args:
        open: maps the files; tensors by the network's own names, on the CPU, in the files' types.
        prepare: turns one of those, given its name, into what the network computes with.
        device: where prepared weights lie.
        tied: names of one and the same tensor.
    """

    open: Callable[[], Mapping[str, Tensor]]
    prepare: Callable[[str, Tensor], Tensor]
    device: torch.device
    tied: frozenset[str] = frozenset()

    def changed(self, change: Callable[[str, Tensor], Tensor]) -> "Source":
        """Return a source whose prepared weights go through ``change``, which is given name and weight."""
        return replace(self, prepare=lambda name, raw: change(name, self.prepare(name, raw)))


Owned = tuple[nn.Module, Mapping[str, str]]
"""A module that holds weights itself, and their names in the network by the names it uses."""


def fill(owned: Iterable[Owned], source: Source, read: Mapping[str, Tensor] | None = None) -> None:
    """Give a network all its weights; what is tied exists once.

    Args:
        owned: its modules, as :func:`owners` names them.
        source: of its weights.
        read: what the source would open, where that was read beforehand.

    Raises:
        CheckpointError: if the files no longer hold what the network needs.
    """
    raw = source.open() if read is None else read
    shared = [source.prepare(name, raw[name]) for name in sorted(source.tied & raw.keys())[-1:]]
    once = {name: tensor for tensor in shared for name in source.tied}
    for module, names in owned:
        for leaf, name in names.items():
            put(module, leaf, once[name] if name in once else prepared(source, raw, name))


def prepared(source: Source, raw: Mapping[str, Tensor], name: str) -> Tensor:
    """Return one weight, ready to compute with.

    Raises:
        CheckpointError: if the files no longer hold it.
    """
    if name not in raw:
        raise CheckpointError(f"weight {name} is gone, its file changed while it was in use; run again")
    return source.prepare(name, raw[name])


def owners(network: nn.Module) -> Iterator[Owned]:
    """Yield each module that holds weights itself, with their full names by the names it uses."""
    for path, module in network.named_modules():
        names = {leaf: f"{path}.{leaf}" if path else leaf for leaf in _own_weights(module)}
        if names:
            yield module, names


def _own_weights(module: nn.Module) -> list[str]:
    """Name the weights that ``module`` holds itself, as files hold them."""
    kept = [leaf for leaf in module._buffers if leaf not in module._non_persistent_buffers_set]
    return [leaf for leaf in (*module._parameters, *kept) if getattr(module, leaf) is not None]


def empty_out(module: nn.Module, leaves: Iterable[str]) -> None:
    """Replace these weights of ``module`` by ones of their type and shape on the meta device."""
    for leaf in leaves:
        weight = getattr(module, leaf)
        if not weight.is_meta:  # with its strides: torch computes the meta device's empty_like in Python
            put(module, leaf, weight.new_empty_strided(weight.shape, weight.stride(), device="meta"))


def put(module: nn.Module, leaf: str, tensor: Tensor) -> None:
    """Replace one weight of ``module`` by ``tensor``, frozen.

    Raises:
        CheckpointError: if it has another shape than the weight so far.
    """
    is_parameter = leaf in module._parameters
    holder: dict[str, Any] = module._parameters if is_parameter else module._buffers
    if holder[leaf].shape != tensor.shape:
        raise CheckpointError(
            f"weight {leaf} is {list(tensor.shape)} instead of {list(holder[leaf].shape)}, its file changed "
            "while it was in use; run again"
        )
    holder[leaf] = nn.Parameter(tensor, requires_grad=False) if is_parameter else tensor
