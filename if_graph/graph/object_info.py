"""Node class -> its entry in ComfyUI's ``/object_info``, the one description both hosts share."""

from collections.abc import Iterator, Mapping
from typing import Any

from if_graph.errors import WorkflowError

_PASSED_ON = {
    "OUTPUT_TOOLTIPS": "output_tooltips",
    "DEPRECATED": "deprecated",
    "EXPERIMENTAL": "experimental",
    "DEV_ONLY": "dev_only",
    "API_NODE": "api_node",
    "ESSENTIALS_CATEGORY": "essentials_category",
}


def describe_class(name: str, cls: type, display_name: str | None = None) -> dict[str, Any]:
    """Return the object_info entry of one node class.

    Args:
        name: what workflows call the class.
        cls: a class that keeps ComfyUI's V1 contract.
        display_name: what menus call it; the name itself if left out.

    Raises:
        WorkflowError: if the class cannot say which inputs it takes.
    """
    inputs = _input_types(name, cls)
    outputs = list(getattr(cls, "RETURN_TYPES", ()))
    entry = {
        "input": inputs,
        "input_order": {group: list(members) for group, members in inputs.items()},
        "is_input_list": bool(getattr(cls, "INPUT_IS_LIST", False)),
        "output": outputs,
        "output_is_list": list(getattr(cls, "OUTPUT_IS_LIST", [False] * len(outputs))),
        "output_name": list(getattr(cls, "RETURN_NAMES", outputs)),
        "name": name,
        "display_name": display_name or name,
        "description": getattr(cls, "DESCRIPTION", None) or "",
        "python_module": getattr(cls, "RELATIVE_PYTHON_MODULE", cls.__module__),
        "category": getattr(cls, "CATEGORY", "sd"),
        "output_node": getattr(cls, "OUTPUT_NODE", False) is True,
        "has_intermediate_output": bool(getattr(cls, "HAS_INTERMEDIATE_OUTPUT", False)),
        "search_aliases": list(getattr(cls, "SEARCH_ALIASES", ())),
    }
    return entry | {key: getattr(cls, attr) for attr, key in _PASSED_ON.items() if hasattr(cls, attr)}


def _input_types(name: str, cls: Any) -> dict[str, dict[str, Any]]:
    try:
        return {group: dict(members) for group, members in cls.INPUT_TYPES().items()}
    except Exception as error:  # a foreign class may fail in any way
        raise WorkflowError(
            f"node class {name}: INPUT_TYPES failed with {type(error).__name__}: {error}; "
            f"update or remove the pack that brings it ({cls.__module__})"
        ) from error


class ObjectInfo(Mapping[str, dict[str, Any]]):
    """object_info of a mapping of classes; each class is asked when it is looked up, and once."""

    def __init__(self, classes: Mapping[str, type]) -> None:
        self._classes = classes
        self._names: Mapping[str, str] = getattr(classes, "display_names", {})
        self._entries: dict[str, dict[str, Any]] = {}

    def __getitem__(self, name: str) -> dict[str, Any]:
        if name not in self._entries:
            self._entries[name] = describe_class(name, self._classes[name], self._names.get(name))
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)
