"""Why a request is refused, in ComfyUI's error JSON."""

from typing import Any

from if_graph.errors import IFGraphError


class Refused(IFGraphError):  # noqa: N818  what a client is told, by its name in every route
    """A request that cannot be served; the message is one sentence for whoever sent it.

    Args:
        status: HTTP status, 400..599.
        kind: ComfyUI's ``type`` of the error.
        message: what is wrong.
        details: which part of the request.
        node_errors: what is wrong with each node, by id.
        extra_info: whatever a program may want to know besides.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        details: str = "",
        node_errors: dict[str, Any] | None = None,
        **extra_info: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": kind, "message": message, "details": details, "extra_info": extra_info}
        self.node_errors = node_errors or {}

    @property
    def body(self) -> dict[str, Any]:
        """The reply as ComfyUI words it."""
        return {"error": self.error, "node_errors": self.node_errors}
