"""A thin client of ``if-graph serve`` and of any server that speaks ComfyUI's API: standard library only."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from if_graph.errors import IFGraphError


class ServerError(IFGraphError):
    """A server that cannot be reached, that refused a request, or whose run failed."""


@dataclass(frozen=True)
class Client:
    """Queues workflows and fetches what they made.

    Args:
        address: of the server, for example ``http://127.0.0.1:8188``.
        token: what a server shows that others can reach.
        timeout: seconds to wait for each answer.
    """

    address: str = "http://127.0.0.1:8188"
    token: str | None = None
    timeout: float = 60.0

    def queue(self, workflow: Mapping[str, Any], **fields: Any) -> str:
        """Queue a workflow in API format and return the run's id.

        Args:
            workflow: nodes by id.
            fields: whatever else ``POST /prompt`` takes, such as ``front=True``.

        Raises:
            ServerError: if it is refused; the message says why.
        """
        return str(self._json("/api/prompt", {"prompt": workflow, **fields})["prompt_id"])

    def wait(self, run: str, timeout: float | None = None) -> dict[str, Any]:
        """Wait for a run's end and return its entry of the history.

        Raises:
            ServerError: if it failed, was cancelled, or is not done after ``timeout`` seconds.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            entry: dict[str, Any] | None = self._json(f"/api/history/{quote(run)}").get(run)
            if entry is not None:
                return _successful(entry)
            if until is not None and time.monotonic() > until:
                raise ServerError(f"run {run} is not done after {timeout} s; wait longer or cancel it")
            time.sleep(0.2)

    def pictures(self, entry: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
        """Yield name and bytes of every picture that a run has to show."""
        for ui in entry["outputs"].values():
            for one in ui.get("images", ()):
                yield one["filename"], self._bytes(f"/api/view?{urlencode(one)}")

    def history(self) -> dict[str, Any]:
        """Return the runs that ended, by id, oldest first."""
        return self._json("/api/history")

    def cancel(self, run: str) -> None:
        """Cancel a run, waiting or in progress."""
        self._json(f"/api/jobs/{quote(run)}/cancel", {})

    def object_info(self) -> dict[str, Any]:
        """Return the description of every node class."""
        return self._json("/api/object_info")

    def _json(self, path: str, body: Any = None) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self._bytes(path, body))
        return value

    def _bytes(self, path: str, body: Any = None) -> bytes:
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.address.rstrip("/") + path, data, headers)
        try:
            with urlopen(request, timeout=self.timeout) as reply:
                return bytes(reply.read())
        except HTTPError as error:
            raise ServerError(_reason(error)) from error
        except (URLError, OSError) as error:
            raise ServerError(f"{self.address} cannot be reached: {error}; is the server running?") from error


def _reason(error: HTTPError) -> str:
    try:
        told = json.loads(error.read())["error"]
        return f"the server refused it ({error.code}): {told['message']} {told['details']}".rstrip()
    except (ValueError, KeyError, TypeError):
        return f"the server answered {error.code}"


def _successful(entry: dict[str, Any]) -> dict[str, Any]:
    if entry["status"]["status_str"] == "success":
        return entry
    event, data = entry["status"]["messages"][-1]
    raise ServerError(f"the run ended with {event}: {data.get('exception_message', 'it was stopped')}")
