"""Call a function of a node class that may be ``async def``."""

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import torch


def settle(value: Any) -> Any:
    """Return ``value``, or what it comes to if it is a coroutine."""
    if not inspect.iscoroutine(value):
        return value
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(value)
    return _settle_elsewhere(value)


def _settle_elsewhere(value: Any) -> Any:
    """Run a coroutine in a thread of its own: the host's loop is busy waiting for us."""
    is_inference = torch.is_inference_mode_enabled()  # known to one thread only, unlike the context

    def run() -> Any:
        with torch.inference_mode(is_inference):
            return asyncio.run(value)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, run).result()
