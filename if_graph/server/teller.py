"""What the worker's thread has to say -> messages in the event loop."""

import asyncio
from collections.abc import Mapping
from typing import Any

from if_graph.server.hub import as_text
from if_graph.server.report import Report
from if_graph.server.state import State
from if_graph.server.store import Job


class Teller:
    """Carries what the worker's thread has to say into the event loop, once there is one."""

    state: State
    loop: asyncio.AbstractEventLoop

    def report(self, job: Job) -> Report:
        """Return who tells of a run."""

        def tell(event: str, data: Mapping[str, Any]) -> None:
            if job.client is not None:
                self.send(event, data, job.client)

        def show(jpeg: bytes, about: dict[str, Any]) -> None:
            self.loop.call_soon_threadsafe(self.state.hub.send_preview, jpeg, about, job.client)

        return Report(job, tell, show)

    def send(self, event: str, data: Mapping[str, Any], client: str | None) -> None:
        """Send a message; what it holds may change afterwards."""
        text = as_text(event, data)
        self.loop.call_soon_threadsafe(self.state.hub.send_text, text, client)

    def changed(self, job: Job, status: str | None) -> None:
        """Count a run that has ended, and tell everybody how much is to do."""
        if status is not None:
            self.state.metrics.runs.labels(status).inc()
            ended = self.state.store.find(job.id)
            if ended is not None and ended.ended and ended.started:
                self.state.metrics.seconds.observe((ended.ended - ended.started) / 1000)
        self.send("status", self.state.status(), None)
