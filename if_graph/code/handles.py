"""A node of a graph, and one of its outputs, as values that Python code passes around."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from if_graph.errors import WorkflowError
from if_graph.graph.schema import NodeSchema
from if_graph.graph.wording import listed, nearest
from if_graph.graph.workflow import Node, where


class NoSuchNameError(WorkflowError, AttributeError):
    """A node class or an output is not there; an AttributeError too, so that ``hasattr`` works."""


class Owner(Protocol):
    """What a handle asks of its graph."""

    def node(self, node_id: str) -> Node:
        """Return the node's record."""

    def schema(self, node_id: str) -> NodeSchema:
        """Return what is known of its class."""

    def change(self, node_id: str, inputs: dict[str, Any]) -> None:
        """Give inputs other values."""

    def rename(self, node_id: str, title: str) -> None:
        """Give the node a title."""


@dataclass(frozen=True)
class Output:
    """One output of one node: wire it into an input, or look its value up in a result."""

    graph: Owner
    node_id: str
    slot: int

    @property
    def kind(self) -> str:
        """The socket type; ``COMBO`` for any list of choices."""
        kind = self.graph.schema(self.node_id).outputs[self.slot]
        return kind if isinstance(kind, str) else "COMBO"

    def __repr__(self) -> str:
        return f"<output {self.slot} ({self.kind}) of {where(self.node_id, self.graph.node(self.node_id))}>"


@dataclass(frozen=True)
class NodeHandle:
    """One node of a graph.

    Outputs are attributes by name (``sampled.image``, upper or lower case) and items by number
    (``sampled[0]``); a node with one output can itself be wired.
    """

    graph: Owner
    id: str

    def set(self, **inputs: Any) -> "NodeHandle":
        """Give inputs other values, constants or outputs; either all of them change or none.

        Raises:
            WorkflowError: if a value does not fit.
        """
        self.graph.change(self.id, inputs)
        return self

    def titled(self, title: str) -> "NodeHandle":
        """Give the node a title, which ``graph[title]`` and ``--set TITLE.input=...`` find."""
        self.graph.rename(self.id, title)
        return self

    def __getitem__(self, slot: int) -> Output:
        outputs = self.graph.schema(self.id).outputs
        if not isinstance(slot, int) or not 0 <= slot < len(outputs):
            at = where(self.id, self.graph.node(self.id))
            raise WorkflowError(
                f"{at} has {len(outputs)} outputs, counted from 0, got {slot!r}; pick one it has"
            )
        return Output(self.graph, self.id, slot)

    def __len__(self) -> int:
        return len(self.graph.schema(self.id).outputs)

    def __iter__(self) -> Iterator[Output]:
        return (self[slot] for slot in range(len(self)))

    def __bool__(self) -> bool:
        return True  # a node without outputs is still a node

    def __getattr__(self, name: str) -> Output:
        if name.startswith("__"):
            raise AttributeError(name)
        known = self._names()
        found = [i for i, own in enumerate(known) if own == name]
        found = found or [i for i, own in enumerate(known) if own.lower() == name.lower()]
        if len(found) == 1:
            return self[found[0]]
        at = where(self.id, self.graph.node(self.id))
        if found:
            raise NoSuchNameError(
                f"{at}: output '{name}' is there {len(found)} times; use its number, [{found[0]}]"
            )
        raise NoSuchNameError(f"{at}: there is no output '{name}'; {nearest(name, known)}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._names()]

    def __repr__(self) -> str:
        return f"<{where(self.id, self.graph.node(self.id))}: {listed(self._names()) or 'no outputs'}>"

    def _names(self) -> list[str]:
        return [re.sub(r"\W", "_", name) for name in self.graph.schema(self.id).output_names]
