"""Node classes -> functions that add a node to a graph."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Any

from if_graph.code.handles import NodeHandle, NoSuchNameError
from if_graph.graph.schema import InputSpec, NodeSchema
from if_graph.graph.wording import brief, nearest

Add = Callable[[str, Mapping[str, Any]], NodeHandle]


@dataclass(frozen=True)
class NodeFunction:
    """Adds a node of one class to a graph; takes the class's inputs as keywords.

    Args:
        add: adds a node of a class with these inputs.
        schema: the class.
    """

    add: Add
    schema: NodeSchema

    def __call__(self, /, **inputs: Any) -> NodeHandle:
        """Add a node; required fields that are left out get the value that the class declares.

        Raises:
            WorkflowError: if an input is unknown, missing, ill-typed or out of range.
        """
        return self.add(self.schema.name, inputs)

    @property
    def __signature__(self) -> Signature:
        """The inputs with their types and defaults, for ``help`` and editors; odd names are left out."""
        specs = [spec for spec in self.schema.inputs.values() if spec.name.isidentifier()]
        return Signature([_parameter(spec) for spec in specs])


class NodeFunctions(Mapping[str, NodeFunction]):
    """Every node class as a function: ``nodes.IFTextEncode(...)``, or ``nodes["Odd Name"](...)``."""

    def __init__(self, add: Add, schemas: Mapping[str, NodeSchema]) -> None:
        self._add = add
        self._schemas = schemas

    def __getitem__(self, name: str) -> NodeFunction:
        if name not in self._schemas:
            raise NoSuchNameError(f"there is no node class '{brief(name)}'; {nearest(name, self._schemas)}")
        return NodeFunction(self._add, self._schemas[name])

    def __getattr__(self, name: str) -> NodeFunction:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __contains__(self, name: object) -> bool:
        return name in self._schemas

    def __iter__(self) -> Iterator[str]:
        return iter(self._schemas)

    def __len__(self) -> int:
        return len(self._schemas)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name for name in self._schemas if name.isidentifier())]


def _parameter(spec: InputSpec) -> Parameter:
    has_value = not spec.required or "default" in spec.options or bool(spec.choices)
    default = spec.default if has_value else Parameter.empty
    return Parameter(spec.name, Parameter.KEYWORD_ONLY, default=default, annotation=spec.kind)
