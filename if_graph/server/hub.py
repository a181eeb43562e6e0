"""Everybody who watches: one websocket for each client, and what is sent to them."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from if_graph.server.limits import Limits
from if_graph.server.previews import frame_with_metadata, plain_frame
from if_graph.server.refusals import Refused

_PREVIEWS_UP_TO = 50
_FEATURES = {"supports_preview_metadata": True, "max_upload_size": 64 * 2**20}


@dataclass
class _Client:
    socket: web.WebSocketResponse
    waiting: asyncio.Queue[str | bytes]
    transport: asyncio.BaseTransport | None
    has_metadata: bool = False

    def put(self, message: str | bytes) -> None:
        """Queue a message; a client too slow to read them is let go."""
        if self.waiting.full():
            self.drop()
        else:
            self.waiting.put_nowait(message)

    def drop(self) -> None:
        """Hang up, without a word: whoever does not read could not be told."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()


def as_text(event: str, data: Mapping[str, Any]) -> str:
    """Write a message out."""
    return json.dumps({"type": event, "data": data})


class Hub:
    """Sends messages to clients; to be used from the event loop only.

    Args:
        limits: how many clients there may be, and how much may wait for one.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._clients: dict[str, _Client] = {}

    def __len__(self) -> int:
        return len(self._clients)

    def client_ids(self) -> set[str]:
        """Return the ids of all who are connected."""
        return set(self._clients)

    def send(self, event: str, data: Mapping[str, Any], client_id: str | None = None) -> None:
        """Send a message to one client, or to all where none is named; nobody need be there."""
        self.send_text(as_text(event, data), client_id)

    def send_text(self, text: str, client_id: str | None = None) -> None:
        """Send a message that is written out already."""
        for client in self._reached(client_id):
            client.put(text)

    def send_preview(self, jpeg: bytes, about: dict[str, Any], client_id: str | None) -> None:
        """Send a preview; one who is behind gets a later one."""
        for client in self._reached(client_id):
            if client.waiting.qsize() < _PREVIEWS_UP_TO:
                client.put(frame_with_metadata(jpeg, about) if client.has_metadata else plain_frame(jpeg))

    async def serve(self, request: web.Request, greeting: Mapping[str, Any]) -> web.WebSocketResponse:
        """Keep one client's connection until it ends.

        Raises:
            Refused: if there are too many.
        """
        client_id = request.query.get("clientId") or uuid4().hex
        if len(self) >= self._limits.clients and client_id not in self._clients:
            raise Refused(503, "too_many_clients", f"{self._limits.clients} clients are connected; close one")
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=2**16)
        await socket.prepare(request)
        client = self._clients[client_id] = _Client(
            socket, asyncio.Queue(self._limits.unread), request.transport
        )
        self.send("status", {**greeting, "sid": client_id}, client_id)
        writing = asyncio.create_task(_write(client))
        try:
            await _read(client)
        finally:
            writing.cancel()
            if self._clients.get(client_id) is client:
                del self._clients[client_id]
        return socket

    async def close(self) -> None:
        """Say goodbye to all, and hang up on those who do not hear it."""
        clients = list(self._clients.values())
        words = [asyncio.create_task(client.socket.close(message=b"the server stops")) for client in clients]
        if words:
            await asyncio.wait(words, timeout=self._limits.farewell_seconds)
        for client in clients:
            client.drop()

    def _reached(self, client_id: str | None) -> list[_Client]:
        if client_id is None:
            return list(self._clients.values())
        return [self._clients[client_id]] if client_id in self._clients else []


async def _write(client: _Client) -> None:
    with suppress(ConnectionError):  # it has hung up; whoever reads from it notices too
        while True:
            message = await client.waiting.get()
            if isinstance(message, bytes):
                await client.socket.send_bytes(message)
            else:
                await client.socket.send_str(message)


async def _read(client: _Client) -> None:
    async for message in client.socket:
        if message.type is not WSMsgType.TEXT:
            continue
        try:
            value = json.loads(message.data)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and value.get("type") == "feature_flags":
            flags = value.get("data")
            client.has_metadata = isinstance(flags, dict) and bool(flags.get("supports_preview_metadata"))
            client.put(json.dumps({"type": "feature_flags", "data": _FEATURES}))
