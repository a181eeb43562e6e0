"""A class's own ``VALIDATE_INPUTS``, which adds to the built-in checks and switches some of them off."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.settle import settle
from if_graph.graph.wording import shown
from if_graph.graph.workflow import Link, Node, where


@dataclass(frozen=True)
class CustomCheck:
    """What a class checks itself.

    Args:
        function: its ``VALIDATE_INPUTS``, or None.
        names: parameters of it.
        takes_all: whether it takes ``**kwargs``.
    """

    function: Any = None
    names: frozenset[str] = frozenset()
    takes_all: bool = False

    @classmethod
    def of(cls, node_class: type | None) -> "CustomCheck":
        """Read the signature of a class's ``VALIDATE_INPUTS``."""
        function = getattr(node_class, "VALIDATE_INPUTS", None)
        if function is None:
            return cls()
        parameters = inspect.signature(function).parameters.values()
        takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        return cls(function, frozenset(parameter.name for parameter in parameters), takes_all)

    @property
    def checks_types(self) -> bool:
        """Whether the class judges the types of links itself."""
        return "input_types" in self.names

    def covers(self, name: str) -> bool:
        """Tell whether the class judges this input, range and choices included."""
        return self.takes_all or name in self.names

    def run(
        self, node_id: str, node: Node, inputs: Mapping[str, Any], linked_types: Mapping[str, Any]
    ) -> None:
        """Ask the class about its constants; there must be a ``function``.

        Raises:
            WorkflowError: if it refuses them.
        """
        known = {name: v for name, v in inputs.items() if self.covers(name) and not isinstance(v, Link)}
        if self.checks_types:
            known["input_types"] = dict(linked_types)
        verdict = self._ask(node_id, node, known)
        if verdict is not True:
            reason = verdict if isinstance(verdict, str) else f"the class refused {shown(known)}"
            raise WorkflowError(f"{where(node_id, node)}: {reason}")

    def _ask(self, node_id: str, node: Node, known: dict[str, Any]) -> Any:
        try:
            return settle(self.function(**known))
        except Exception as error:  # a foreign class may fail in any way
            raise WorkflowError(f"{where(node_id, node)}: checking its inputs failed: {error}") from error
