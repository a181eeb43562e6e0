"""Call a function of a node class that may be ``async def``."""

import asyncio
import inspect
from typing import Any


def settle(value: Any) -> Any:
    """Return ``value``, or what it comes to if it is a coroutine."""
    if not inspect.iscoroutine(value):
        return value
    return asyncio.run(value)
