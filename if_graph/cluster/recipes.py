"""A model that is not there: how to make it, so that each worker makes its own and none ever travels."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from if_graph.graph.backends import LocalBackend, NodeCall
from if_graph.graph.cache import NodeResult, ResultCache
from if_graph.graph.canonical import Unkeyable, canonical
from if_graph.graph.settle import settle


@dataclass(frozen=True)
class Recipe:
    """Stands for what a node class with ``RESIDENT = True`` returns.

    Args:
        class_name: the class, by its name in workflows.
        inputs: what it is called with; there may be recipes among them.
        slot: which of its outputs is meant.
        key: equal for equal models.
    """

    class_name: str
    inputs: Mapping[str, Any] = field(compare=False)
    slot: int
    key: str

    @property
    def root(self) -> "Recipe":
        """The recipe of the model itself, before anything was added to it."""
        first = next(recipes_in(self.inputs.values()), None)
        return self if first is None else first.root

    @property
    def title(self) -> str:
        """What a person calls it: the class and the first text it is called with."""
        words = [value for value in self.inputs.values() if isinstance(value, str)]
        return " ".join([self.class_name, *words[:1]])


def recipes_in(values: Iterable[Any]) -> Iterator[Recipe]:
    """Yield the recipes among the arguments of a call, also those in lists."""
    for value in values:
        if isinstance(value, Recipe):
            yield value
        elif isinstance(value, list | tuple):
            yield from (item for item in value if isinstance(item, Recipe))


def recipe_outputs(name: str, cls: type, inputs: Mapping[str, Any]) -> tuple[Recipe, ...]:
    """Return a recipe for each output of a resident class, in place of calling it.

    Args:
        name: the class's name in workflows.
        cls: the class.
        inputs: keyword arguments of the call.
    """
    key = _key(name, cls, inputs)
    outputs: tuple[Any, ...] = cls.RETURN_TYPES  # type: ignore[attr-defined]
    return tuple(Recipe(name, inputs, slot, key) for slot in range(len(outputs)))


def made(recipe: Recipe, classes: Mapping[str, type], kept: ResultCache) -> Any:
    """Return the model of a recipe, made now unless ``kept`` has it."""
    result = kept.get(recipe.key)
    if result is None:
        instance = classes[recipe.class_name]()
        values = LocalBackend().call(NodeCall("", instance, with_models(recipe.inputs, classes, kept)))
        result = NodeResult(([*values],))
        kept.put(recipe.key, result, 1.0)
    return result.outputs[0][recipe.slot]


def with_models(inputs: Mapping[str, Any], classes: Mapping[str, type], kept: ResultCache) -> dict[str, Any]:
    """Return the arguments of a call with models in the place of recipes."""

    def swapped(value: Any) -> Any:
        if isinstance(value, Recipe):
            return made(value, classes, kept)
        return [swapped(item) for item in value] if isinstance(value, list) else value

    return {name: swapped(value) for name, value in inputs.items()}


def _key(name: str, cls: type, inputs: Mapping[str, Any]) -> str:
    ask = getattr(cls, "IS_CHANGED", None)
    known = {key: None if isinstance(value, Recipe) else value for key, value in inputs.items()}
    parts = [name, settle(ask(**known)) if ask is not None else None]
    for key, value in sorted(inputs.items()):
        parts += [key, ("recipe", value.key, value.slot) if isinstance(value, Recipe) else value]
    try:
        return hashlib.sha256(canonical(parts)).hexdigest()
    except Unkeyable:
        return uuid4().hex
