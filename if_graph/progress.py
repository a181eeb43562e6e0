"""How code that works for long tells its host how far it is, without knowing the host.

The host (executor, server) installs a listener for the current context; a node reports steps to it.
A listener stops the work by raising :class:`if_graph.errors.Interrupted` from the call.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Listener = Callable[[int, int, Any], None]
"""Called with (steps done, steps in all, preview or None)."""

_listener: ContextVar[Listener | None] = ContextVar("if_graph_progress", default=None)


def report(done: int, total: int, preview: Any = None) -> None:
    """Tell the host that ``done`` of ``total`` steps are finished; a no-op where nobody listens.

    Args:
        done: steps finished, 0..total.
        total: steps in all.
        preview: whatever the host can show, for example an x_0 estimate; None for nothing.

    Raises:
        Interrupted: if the host wants the work to stop.
    """
    listener = _listener.get()
    if listener is not None:
        listener(done, total, preview)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send every :func:`report` of the enclosed code to ``listener``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
