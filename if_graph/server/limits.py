"""How much of the server one client may take."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What ends a request or a connection.

    Args:
        body_seconds: how long a body may take to arrive.
        upload_seconds: how long a form with a picture may.
        clients: how many websockets may be open.
        unread: messages that may wait for a client; one that leaves more unread is let go.
        farewell_seconds: how long a client is waited for when the server ends.
    """

    body_seconds: float = 60.0
    upload_seconds: float = 600.0
    clients: int = 64
    unread: int = 2000
    farewell_seconds: float = 2.0
