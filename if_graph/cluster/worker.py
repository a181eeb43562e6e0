"""What runs on a worker of the cluster: one node at a time, with the models it needs kept at hand."""

from collections.abc import Iterator, Mapping
from contextvars import copy_context
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

import torch

from if_graph.cluster.recipes import with_models
from if_graph.errors import Interrupted, WorkflowError
from if_graph.folders import Folders, using_folders
from if_graph.graph.backends import LocalBackend, NodeCall
from if_graph.graph.cache import MemoryCache
from if_graph.graph.measure import holds
from if_graph.graph.registry import load_node_classes
from if_graph.graph.shortage import is_shortage
from if_graph.progress import listening

Message = tuple[str, Any]
"""``("step", (done, total, preview))``, and last ``("made", value)`` or ``("failed", error)``."""


class Worker:
    """Performs calls in a process of its own.

    Args:
        packs: folders of node packs to load besides the installed ones.
        memory: bytes for models that are kept; half of the machine's if left out.
        previews: whether steps bring pictures along.
    """

    def __init__(
        self, packs: tuple[str, ...] = (), memory: int | None = None, previews: bool = False
    ) -> None:
        self._classes = load_node_classes(packs)
        self._kept = MemoryCache(memory)
        self._previews = previews
        self._stop = Event()

    def ready(self) -> bool:
        """Answer once the node classes are loaded."""
        return True

    def stop(self) -> None:
        """End the call in progress at its next step."""
        self._stop.set()

    def perform(self, class_name: str, inputs: Mapping[str, Any], folders: Folders) -> Iterator[Message]:
        """Call a node and yield its steps, then what it came to.

        Args:
            class_name: the node's class.
            inputs: keyword arguments, with recipes for models.
            folders: where the run reads and writes.
        """
        self._stop.clear()
        messages: SimpleQueue[Message] = SimpleQueue()
        thread = Thread(target=copy_context().run, args=(self._work, class_name, inputs, folders, messages))
        thread.start()
        while True:
            message = messages.get()
            yield message
            if message[0] != "step":
                break
        thread.join()

    def _work(
        self, class_name: str, inputs: Mapping[str, Any], folders: Folders, out: "SimpleQueue[Message]"
    ) -> None:
        def listen(done: int, total: int, preview: Any) -> None:
            if self._stop.is_set():
                raise Interrupted("stopped by the driver")
            out.put(("step", (done, total, preview if self._previews else None)))

        try:
            with using_folders(folders), listening(listen):
                out.put(("made", self._made(class_name, inputs)))
        except BaseException as error:  # whatever it is, the driver must hear of it
            out.put(("failed", error.with_traceback(None)))

    def _made(self, class_name: str, inputs: Mapping[str, Any]) -> Any:
        try:
            value = self._called(class_name, inputs)
        except Exception as error:
            if not is_shortage(error):
                raise
            value = None
            self._kept.clear()
        if value is None:  # outside of the handler, which would keep the failed call's tensors alive
            value = self._called(class_name, inputs)
        if holds(value, torch.nn.Module):
            raise WorkflowError(
                f"class {class_name} returns a network, which does not travel between machines; "
                "set RESIDENT = True in the class, so that each worker makes its own"
            )
        return value

    def _called(self, class_name: str, inputs: Mapping[str, Any]) -> Any:
        there = with_models(inputs, self._classes, self._kept)
        return LocalBackend().call(NodeCall("", self._classes[class_name](), there))
