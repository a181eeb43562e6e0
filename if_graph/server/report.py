"""The executor's events of one run -> ComfyUI's messages, in its order."""

import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from if_graph.errors import Interrupted
from if_graph.graph.events import (
    Event,
    NodeBlocked,
    NodeCached,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    RunStarted,
)
from if_graph.server.previews import as_jpeg
from if_graph.server.shapes import display_id
from if_graph.server.store import CANCELLED, COMPLETED, FAILED, Job

Tell = Callable[[str, Mapping[str, Any]], None]
Show = Callable[[bytes, dict[str, Any]], None]


class Report:
    """Tells one client of one run, and keeps what its history will show.

    Args:
        job: the run.
        tell: sends a message.
        show: sends a preview and what it is of.
    """

    def __init__(self, job: Job, tell: Tell, show: Show) -> None:
        self.messages: list[list[Any]] = []
        self.shown: dict[str, Any] = {}
        self._job = job
        self._tell = tell
        self._show = show
        self._states: dict[str, dict[str, Any]] = {}
        self._node: str | None = None

    def begin(self) -> None:
        """Tell that the run begins."""
        self._note("execution_start", {})

    def hear(self, event: Event) -> None:
        """Tell of one event."""
        if isinstance(event, RunStarted):
            self._note("execution_cached", {"nodes": list(event.cached)})
        elif isinstance(event, NodeCached) and event.ui:
            self._executed(event.node_id, event.ui)
        elif isinstance(event, NodeStarted):
            self._started(event.node_id)
        elif isinstance(event, NodeProgress):
            self._progress(event)
        elif isinstance(event, NodeFinished):
            self._finished(event)
        elif isinstance(event, NodeBlocked):
            self._tell("execution_error", self._error(ValueError(event.message), event.node_id))

    def end(self, error: BaseException | None) -> str:
        """Write down how the run ended, and return the word for it."""
        if error is None:
            self._note("execution_success", {})
            return COMPLETED
        if isinstance(error, Interrupted):
            about = {"node_id": self._node, "node_type": self._class(self._node)}
            self._note("execution_interrupted", about | {"executed": self._done()})
            return CANCELLED
        self._note("execution_error", self._error(error.__cause__ or error, self._node))
        return FAILED

    def close(self) -> None:
        """Tell that nothing of this run is to come; what clients wait for."""
        self._tell("executing", {"node": None, "prompt_id": self._job.id})

    def _note(self, event: str, data: Mapping[str, Any]) -> None:
        stamped = {**data, "prompt_id": self._job.id, "timestamp": int(time.time() * 1000)}
        self.messages.append([event, stamped])
        self._tell(event, stamped)

    def _started(self, node_id: str) -> None:
        self._node = node_id
        self._state(node_id, 0, 1, "running")
        self._tell("executing", self._about(node_id))

    def _progress(self, event: NodeProgress) -> None:
        self._state(event.node_id, event.done, event.total, "running")
        step = {"value": event.done, "max": event.total, "prompt_id": self._job.id, "node": event.node_id}
        self._tell("progress", step)
        jpeg = as_jpeg(event.preview) if event.preview is not None else None
        if jpeg is not None:
            self._show(jpeg, self._ids(event.node_id))

    def _finished(self, event: NodeFinished) -> None:
        if event.ui:
            self._executed(event.node_id, event.ui)
        most = self._states.get(event.node_id, {}).get("max", 1)
        self._state(event.node_id, most, most, "finished")

    def _executed(self, node_id: str, ui: Mapping[str, Any]) -> None:
        self.shown[node_id] = ui
        self._tell("executed", {**self._about(node_id), "output": ui})

    def _state(self, node_id: str, value: int, most: int, state: str) -> None:
        self._states[node_id] = {"value": value, "max": most, "state": state, **self._ids(node_id)}
        self._tell("progress_state", {"prompt_id": self._job.id, "nodes": self._states})

    def _about(self, node_id: str) -> dict[str, Any]:
        shown = display_id(self._job.prompt, node_id)
        return {"node": node_id, "display_node": shown, "prompt_id": self._job.id}

    def _ids(self, node_id: str) -> dict[str, Any]:
        shown = display_id(self._job.prompt, node_id)
        parent = shown if shown != node_id else None
        ids = {"node_id": node_id, "display_node_id": shown, "real_node_id": shown}
        return {**ids, "parent_node_id": parent, "prompt_id": self._job.id}

    def _error(self, error: BaseException, node_id: str | None) -> dict[str, Any]:
        return {
            "node_id": node_id,
            "node_type": self._class(node_id),
            "executed": self._done(),
            "exception_message": str(error),
            "exception_type": type(error).__name__,
            "traceback": traceback.format_tb(error.__traceback__),
            "current_inputs": {},
            "current_outputs": self._done(),
            "prompt_id": self._job.id,
        }

    def _done(self) -> list[str]:
        return [node_id for node_id, state in self._states.items() if state["state"] == "finished"]

    def _class(self, node_id: str | None) -> str | None:
        node = self._job.prompt.get(display_id(self._job.prompt, node_id)) if node_id else None
        return node["class_type"] if node else None
