"""What every route may use."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from if_graph.folders import Folders, using_folders
from if_graph.graph.registry import NodeClasses
from if_graph.server.hub import Hub
from if_graph.server.limits import Limits
from if_graph.server.metrics import Metrics
from if_graph.server.refusals import Refused
from if_graph.server.store import WAITING, JobStore
from if_graph.server.worker import Worker

T = TypeVar("T")


@dataclass
class State:
    """The parts of a running server.

    Args:
        classes: node classes by name.
        folders: input, output and temp.
        user: folder of settings and saved workflows.
        store: queue and history.
        worker: runs what is queued.
        hub: the clients.
        metrics: what is counted.
        packs: folders of other packs by the name under which their files are served.
        limits: how much one client may take.
    """

    classes: NodeClasses
    folders: Folders
    user: Path
    store: JobStore
    worker: Worker
    hub: Hub
    metrics: Metrics
    packs: dict[str, Path] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    def folder(self, kind: str) -> Path:
        """Return the folder that a client names.

        Raises:
            Refused: if it is none of ``input``, ``output``, ``temp``.
        """
        if kind not in ("input", "output", "temp"):
            raise Refused(400, "bad_type", "the type of folder is unknown, expected input, output or temp")
        folder: Path = getattr(self.folders, kind)
        return folder

    async def apart(self, work: Callable[[], T]) -> T:
        """Do some work in another thread, with the folders of a run."""

        def inside() -> T:
            with using_folders(self.folders):
                return work()

        return await asyncio.get_running_loop().run_in_executor(None, copy_context().run, inside)

    def status(self) -> dict[str, Any]:
        """Return how much is to do, as ComfyUI tells it."""
        return {"status": {"exec_info": {"queue_remaining": self.store.count(WAITING)}}}

    def queue_changed(self) -> None:
        """Tell everybody how much is to do."""
        self.hub.send("status", self.status())


STATE = web.AppKey("state", State)


def state_of(request: web.Request) -> State:
    """Return the server's parts."""
    return request.app[STATE]


def number_in(request: web.Request, name: str, default: int) -> int:
    """Return a whole number, at least 0, of the query.

    Raises:
        Refused: if it is none.
    """
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 9:
        raise Refused(400, "bad_query", f"{name} is no whole number, expected for example {name}=20")
    return int(text)
