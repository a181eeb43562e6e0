"""Where a node's function really runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from if_graph.graph.settle import settle


@dataclass(frozen=True)
class NodeCall:
    """One call of one node.

    Args:
        node_id: which node.
        instance: the object kept for this node.
        inputs: keyword arguments, hidden ones included.
    """

    node_id: str
    instance: Any
    inputs: Mapping[str, Any]


class Backend(Protocol):
    """Performs calls; progress goes through :mod:`if_graph.progress`."""

    def call(self, call: NodeCall) -> Any:
        """Return what the node's function returns."""


class LocalBackend:
    """Calls nodes in this process, as ComfyUI does: under ``torch.inference_mode()``."""

    def call(self, call: NodeCall) -> Any:
        """Return what the node's function returns."""
        function = getattr(call.instance, type(call.instance).FUNCTION)
        with torch.inference_mode():
            return settle(function(**call.inputs))


BACKENDS: dict[str, Callable[[], Backend]] = {"local": LocalBackend}
