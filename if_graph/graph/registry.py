"""Installed packages -> node classes, through the entry-point group ``if_graph.nodes``."""

import logging
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from if_graph.errors import WorkflowError

GROUP = "if_graph.nodes"
log = logging.getLogger(__name__)


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


def load_node_classes() -> NodeClasses:
    """Return every node class that an installed package offers.

    Raises:
        WorkflowError: if there is none, which is what a checkout that was not installed looks like.
    """
    found = NodeClasses()
    packs = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    for entry in packs:
        found.add(*_load(entry))
    if not found:
        state = f"none of {len(packs)} node packs can be loaded" if packs else "no node classes are installed"
        raise WorkflowError(
            f"{state} (entry-point group '{GROUP}'); run 'pip install -e .' in the repository"
        )
    return found


def _load(entry: EntryPoint) -> tuple[dict[str, type], dict[str, str]]:
    try:
        classes: Any = entry.load()
    except Exception as error:  # one broken pack must not hide the others
        log.warning("node pack '%s' (%s) cannot be loaded: %s", entry.name, entry.value, error)
        return {}, {}
    names = getattr(sys.modules[entry.module], "NODE_DISPLAY_NAME_MAPPINGS", {})
    return dict(classes), {name: title for name, title in names.items() if name in classes}
