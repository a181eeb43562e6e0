"""Installed packages and folders of packs -> node classes."""

import logging
import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.standins import stand_in

GROUP = "if_graph.nodes"
log = logging.getLogger(__name__)
Pack = tuple[dict[str, type], dict[str, str]]


class NodeClasses(dict[str, type]):
    """Node classes by name, with what menus call them."""

    def __init__(
        self, classes: dict[str, type] | None = None, display_names: dict[str, str] | None = None
    ) -> None:
        super().__init__(classes or {})
        self.display_names: dict[str, str] = dict(display_names or {})

    def add(self, classes: dict[str, type], display_names: dict[str, str]) -> None:
        """Take in another pack; where two packs use one name, the later pack wins."""
        for name in self.keys() & classes.keys():
            if self[name] is not classes[name]:
                log.warning(
                    "node class %s is defined twice; using the one of %s", name, classes[name].__module__
                )
        self.update(classes)
        self.display_names.update(display_names)


def load_node_classes(folders: Iterable[str | Path] = ()) -> NodeClasses:
    """Return every node class that an installed package offers.

    Args:
        folders: packs of ComfyUI to load besides, each a folder with ``__init__.py`` or a single file.

    Raises:
        WorkflowError: if there is none, which is what a checkout that was not installed looks like.
    """
    found = NodeClasses()
    packs = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    for entry in packs:
        found.add(*_load(entry))
    for folder in folders:
        found.add(*_load_folder(Path(folder)))
    if not found:
        state = f"none of {len(packs)} node packs can be loaded" if packs else "no node classes are installed"
        raise WorkflowError(
            f"{state} (entry-point group '{GROUP}'); run 'pip install -e .' in the repository"
        )
    return found


def loaded_pack(path: str | Path) -> ModuleType | None:
    """Return the module of a pack that :func:`load_node_classes` has loaded from a folder, if it could be."""
    return sys.modules.get(_module_name(Path(path).resolve()))


def _module_name(path: Path) -> str:
    return str(path).replace(".", "_x_")


def _load(entry: EntryPoint) -> Pack:
    try:
        classes: Any = entry.load()
        return _read_pack(sys.modules[entry.module], classes)
    except Exception as error:  # one broken pack must not hide the others
        log.warning("node pack '%s' (%s) cannot be loaded: %s", entry.name, entry.value, error)
        return {}, {}


def _load_folder(path: Path) -> Pack:
    """Import a pack the way ComfyUI does: under its path as a name, with nothing added to ``sys.path``."""
    stand_in()
    try:
        module = _import(path.resolve())
        return _read_pack(module, module.NODE_CLASS_MAPPINGS)
    except (Exception, SystemExit) as error:  # one broken pack must not hide the others
        log.warning("node pack %s cannot be loaded: %s: %s", path, type(error).__name__, error)
        return {}, {}


def _import(path: Path) -> ModuleType:
    name = _module_name(path)
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path / "__init__.py" if path.is_dir() else path)
    if spec is None or spec.loader is None:
        raise ImportError("it is neither a folder with __init__.py nor a Python file")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _read_pack(module: ModuleType, classes: Any) -> Pack:
    names = getattr(module, "NODE_DISPLAY_NAME_MAPPINGS", {})
    return dict(classes), {name: title for name, title in names.items() if name in classes}
