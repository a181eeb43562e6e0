"""What the program logs -> the editor's log panel: the latest lines, and each new one to whoever asks."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from aiohttp import web

from if_graph.server.bodies import read_object
from if_graph.server.refusals import Refused
from if_graph.server.state import state_of

KEPT = 300
_SIZE = {"cols": 120, "rows": 30}
routes = web.RouteTableDef()


class LogPanel(logging.Handler):
    """Keeps the latest log lines.

    Args:
        send: sends a message to one client; may be called from any thread.
    """

    def __init__(self, send: Callable[[str, dict[str, Any], str], None]) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(levelname)s: %(message)s\n"))
        self.readers: set[str] = set()
        self._send = send
        self._entries: deque[dict[str, str]] = deque(maxlen=KEPT)
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line and send it to the readers."""
        moment = datetime.fromtimestamp(record.created, timezone.utc).isoformat()
        entry = {"t": moment, "m": self.format(record)}
        with self._guard:
            self._entries.append(entry)
            readers = list(self.readers)
        for reader in readers:
            self._send("logs", {"entries": [entry], "size": _SIZE}, reader)

    def entries(self) -> list[dict[str, str]]:
        """Return the lines kept, oldest first."""
        with self._guard:
            return list(self._entries)

    def follow(self, client_id: str, wants: bool, connected: set[str]) -> None:
        """Send new lines to a client from now on, or no longer; forget those that have left."""
        with self._guard:
            self.readers &= connected
            (self.readers.add if wants else self.readers.discard)(client_id)


PANEL = web.AppKey("log_panel", LogPanel)


@routes.get("/internal/logs")
async def log_text(request: web.Request) -> web.Response:
    """Return the latest log lines as one text."""
    lines = (f"{entry['t']} - {entry['m']}" for entry in request.app[PANEL].entries())
    return web.json_response("".join(lines))


@routes.get("/internal/logs/raw")
async def log_lines(request: web.Request) -> web.Response:
    """Return the latest log lines, each with its time."""
    return web.json_response({"entries": request.app[PANEL].entries(), "size": _SIZE})


@routes.patch("/internal/logs/subscribe")
async def follow_log(request: web.Request) -> web.Response:
    """Send new log lines to a connected client, or stop: {"clientId": id, "enabled": true}."""
    body, connected = await read_object(request), state_of(request).hub.client_ids()
    client = body.get("clientId")
    if not isinstance(client, str) or client not in connected:
        raise Refused(400, "bad_query", "clientId names no websocket that is open; connect to /ws first")
    request.app[PANEL].follow(client, bool(body.get("enabled")), connected)
    return web.json_response({})
