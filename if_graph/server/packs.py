"""Other packs: their web files, and the routes they add through ``PromptServer.instance``."""

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from aiohttp import web

from if_graph.graph.registry import NodeClasses, load_node_classes, loaded_pack


class PromptServer:
    """What packs of ComfyUI find as ``server.PromptServer``: routes to add to, and messages to send.

    ``instance.routes`` is a table of aiohttp; ``send_sync`` may be called from any thread.
    """

    instance: ClassVar["PromptServer"]

    def __init__(self) -> None:
        self.routes = web.RouteTableDef()
        self.client_id: str | None = None
        self.last_node_id: str | None = None
        self.supports: list[str] = []
        self.send: Callable[[str, Mapping[str, Any], str | None], None] = lambda event, data, sid: None

    def send_sync(self, event: str, data: Mapping[str, Any], sid: str | None = None) -> None:
        """Send a message to one client, or to all."""
        self.send(event, data, sid)

    def add_routes(self) -> None:
        """Do nothing: routes are added once all packs are there."""


def load_with_packs(folders: Iterable[str | Path]) -> tuple[NodeClasses, dict[str, Path], PromptServer]:
    """Return all node classes, the web folder's pack by name, and the server object that packs saw.

    A pack that cannot be loaded is said in a warning and left out.
    """
    found = PromptServer.instance = PromptServer()
    module = ModuleType("server", "Stand-in for ComfyUI's module of this name.")
    module.PromptServer = PromptServer  # type: ignore[attr-defined]
    sys.modules["server"] = module
    wanted = [Path(folder) for folder in folders]
    classes = load_node_classes(wanted)
    packs = {path.resolve().name: path.resolve() for path in wanted if loaded_pack(path) is not None}
    return classes, packs, found


def web_folder(pack: Path) -> Path | None:
    """Return the folder with a pack's files for the browser, if it has one inside itself."""
    module = loaded_pack(pack)
    name = getattr(module, "WEB_DIRECTORY", None)
    if not isinstance(name, str) or not pack.is_dir():
        return None
    folder = (pack / name).resolve()
    return folder if folder.is_dir() and folder.is_relative_to(pack) else None
