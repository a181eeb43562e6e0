"""Thin stand-ins for the few ComfyUI modules that plain node packs import, where there is no ComfyUI."""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_OURS = {
    "comfy": "packages",
    "comfy.utils": "utils",
    "comfy.comfy_types": "comfy_types",
    "comfy.comfy_types.node_typing": "comfy_types",
    "comfy_execution": "packages",
    "comfy_execution.graph": "graph_utils",
    "comfy_execution.graph_utils": "graph_utils",
}
"""ComfyUI's module -> the module of this package whose names it lends."""


def stand_in() -> None:
    """Let imports from now on find a stand-in for each module in the list.

    Nothing is done where a ComfyUI is running or could be imported. What the stand-ins do not have fails as
    any missing module.
    """
    if not _comfy_is_there():
        for name, own in _OURS.items():
            _lend(name, import_module(f"{__name__}.{own}"))


def _comfy_is_there() -> bool:
    """Tell whether ``comfy`` is taken: by ComfyUI, loaded or on the path, or by these stand-ins."""
    if "comfy" in sys.modules:
        return True
    spec = find_spec("comfy")
    folders = (spec.submodule_search_locations if spec else None) or []
    return any((Path(folder) / "model_management.py").is_file() for folder in folders)


def _lend(name: str, own: ModuleType) -> None:
    module = sys.modules[name] = ModuleType(name, f"Stand-in of if-graph for ComfyUI's {name}.")
    vars(module).update({key: value for key, value in vars(own).items() if not key.startswith("_")})
    if any(other.startswith(f"{name}.") for other in _OURS):
        module.__path__ = []  # a package without files: other submodules are not found
    parent, _, leaf = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], leaf, module)
