"""A node's results -> the memory they hold, by tensor storage."""

import dataclasses
import sys
from collections.abc import Iterator
from typing import Any

import torch

_PLAIN = {int, float, str, bool, bytes, type(None)}


def memory_of(value: Any) -> dict[int, int]:
    """Return the bytes of every separate block of memory in ``value``, by the block's identity.

    Tensors that share storage share a block. Looks into tuples, lists, sets, dicts, dataclasses and modules.
    """
    blocks: dict[int, int] = {}
    waiting, seen = [value], set[int]()
    while waiting:
        item = waiting.pop()
        if type(item) in _PLAIN:
            blocks[id(item)] = sys.getsizeof(item)
            continue
        if id(item) in seen:
            continue
        seen.add(id(item))
        if type(item) in (list, tuple) and item:
            waiting.extend(item)
        elif isinstance(item, torch.Tensor):
            blocks.update(_storages(item))
        elif inner := list(_members(item)):
            waiting.extend(inner)
        else:
            blocks[id(item)] = _flat_size(item)
    return blocks


def holds(value: Any, kind: type) -> bool:
    """Tell whether an object of ``kind`` is in ``value``: in tuples, lists, sets, dicts or dataclasses."""
    waiting, seen = [value], set[int]()
    while waiting:
        item = waiting.pop()
        if isinstance(item, kind):
            return True
        if id(item) not in seen and not isinstance(item, torch.Tensor):
            seen.add(id(item))
            waiting.extend(_members(item))
    return False


def _storages(tensor: torch.Tensor) -> dict[int, int]:
    if tensor.layout is not torch.strided or tensor.device.type == "meta":
        return {id(tensor): 0 if tensor.device.type == "meta" else tensor.element_size() * tensor.numel()}
    storage = tensor.untyped_storage()
    return {storage._cdata: storage.nbytes()}


def _members(item: Any) -> Iterator[Any]:
    if isinstance(item, dict):
        yield from item.values()
    elif isinstance(item, list | tuple | set | frozenset):
        yield from item
    elif isinstance(item, torch.nn.Module):
        yield from item.parameters()
        yield from item.buffers()
    elif dataclasses.is_dataclass(item) and not isinstance(item, type):
        yield from (getattr(item, field.name, None) for field in dataclasses.fields(item))


def _flat_size(item: Any) -> int:
    size = getattr(item, "nbytes", None)  # arrays
    return size if isinstance(size, int) else sys.getsizeof(item, 0)
