"""A node's result <-> tensors and a JSON tree, the only two things the disk tier writes."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import torch
from safetensors.torch import load, save

from if_graph.graph.cache import NodeResult

log = logging.getLogger(__name__)
_PLAIN = {int, float, str, bool, type(None)}
Tree = Any


class NotStorable(Exception):  # noqa: N818  it never reaches a user; such a result stays in memory
    """A value that is built from something else than data, for example a model."""


class Codec:
    """Takes results apart and puts them together again.

    Args:
        offered: classes whose objects may be stored, by ``module.qualname``. Each has a method
            ``to_tensors()`` that returns plain data with tensors in it, and a class method
            ``from_tensors(data)``.
    """

    def __init__(self, offered: Mapping[str, type] | None = None) -> None:
        self._offered = dict(offered or {})

    @classmethod
    def of(cls, node_classes: Mapping[str, type]) -> "Codec":
        """Return a codec for what node classes name in their attribute ``STORABLE``."""
        named = {one for node_class in node_classes.values() for one in getattr(node_class, "STORABLE", ())}
        return cls({_name(one): one for one in named})

    def is_offered(self, result: NodeResult) -> bool:
        """Tell whether a result consists of nothing but objects of classes that are offered."""
        values = [value for values in result.outputs for value in values]
        return bool(values) and all(_name(type(value)) in self._offered for value in values)

    def encode(self, result: NodeResult) -> tuple[dict[str, torch.Tensor], str]:
        """Return the tensors of a result by name, and the rest of it as JSON.

        Raises:
            NotStorable: if it holds anything but data.
        """
        tensors: dict[str, torch.Tensor] = {}
        tree = self._encode([list(result.outputs), result.ui], tensors)
        return tensors, json.dumps(tree)

    def decode(self, tensors: Mapping[str, torch.Tensor], text: str) -> NodeResult:
        """Put a result together again.

        Raises:
            ValueError: if the parts do not fit.
            NotStorable: if they name a class that is not offered.
        """
        try:
            outputs, ui = self._decode(json.loads(text), tensors)
            return NodeResult(tuple(outputs), ui)
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error

    def to_bytes(self, key: str, result: NodeResult) -> bytes | None:
        """Return a result as a safetensors file; None, with a note in the log, if it is not all data.

        Args:
            key: the result's, for the log.
            result: what to take apart.
        """
        try:
            tensors, tree = self.encode(result)
        except (NotStorable, RecursionError) as reason:
            log.debug("%s stays in memory: %s", key[:12], reason)
            return None
        data: bytes = save(tensors, {"result": tree})
        return data

    def from_bytes(self, data: bytes) -> NodeResult:
        """Put together again what :meth:`to_bytes` returned.

        Raises:
            ValueError, KeyError, SafetensorError: if it is something else.
            NotStorable: if it names a class that is not offered.
        """
        header = data[8 : 8 + int.from_bytes(data[:8], "little")]  # which the library's own reader skips
        return self.decode(load(data), json.loads(header)["__metadata__"]["result"])

    def _encode(self, value: Any, tensors: dict[str, torch.Tensor]) -> Tree:
        name = _name(type(value))
        if type(value) in _PLAIN:
            return value
        if type(value) is torch.Tensor:
            return _add(tensors, value)
        if type(value) in (list, tuple):
            return {type(value).__name__: [self._encode(item, tensors) for item in value]}
        if type(value) is dict:
            return {"dict": [[self._encode(k, tensors), self._encode(v, tensors)] for k, v in value.items()]}
        if self._offered.get(name) is not None:
            return {"object": name, "data": self._encode(value.to_tensors(), tensors)}
        raise NotStorable(f"a {type(value).__name__} is not data")

    def _decode(self, tree: Tree, tensors: Mapping[str, torch.Tensor]) -> Any:
        if type(tree) in _PLAIN:
            return tree
        if "tensor" in tree:
            return _laid_out(tensors[tree["tensor"]], tree.get("order"))
        if "object" in tree:
            cls: Any = self._offered.get(tree["object"])
            if cls is None:
                raise NotStorable(f"no loaded node pack offers {tree['object']}")
            return cls.from_tensors(self._decode(tree["data"], tensors))
        if "dict" in tree:
            return {self._decode(k, tensors): self._decode(v, tensors) for k, v in tree["dict"]}
        items = [self._decode(item, tensors) for item in tree["list" if "list" in tree else "tuple"]]
        return items if "list" in tree else tuple(items)


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _add(tensors: dict[str, torch.Tensor], tensor: torch.Tensor) -> Tree:
    if tensor.layout is not torch.strided or tensor.device.type == "meta":
        raise NotStorable(f"a tensor of layout {tensor.layout} on {tensor.device} is not data")
    name, order = str(len(tensors)), _order(tensor)
    # a copy of its own: tensors that share storage cannot stand in one file
    tensors[name] = tensor.detach().permute(order).cpu().clone(memory_format=torch.contiguous_format)
    return {"tensor": name} if order == sorted(order) else {"tensor": name, "order": order}


def _order(tensor: torch.Tensor) -> list[int]:
    """Return the axes in the order in which they lie in memory; as they are where there are gaps."""
    axes = list(range(tensor.ndim))
    order = sorted(axes, key=lambda axis: -tensor.stride()[axis])
    return order if tensor.permute(order).is_contiguous() else axes


def _laid_out(tensor: torch.Tensor, order: list[int] | None) -> torch.Tensor:
    """Copy into memory of the allocator's own alignment, axes as before: kernels round by either."""
    copied = tensor.clone()
    return copied if order is None else copied.permute([order.index(axis) for axis in range(len(order))])
