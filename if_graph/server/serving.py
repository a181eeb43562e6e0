"""An application -> a listening server, until somebody ends it."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

from if_graph.errors import InputError
from if_graph.files import only_user
from if_graph.server.app import Setup, make_app


def serve(setup: Setup, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; what runs then goes on at the next start.

    Args:
        setup: what the server is made of.
        host: address to listen on.
        port: port; 0 picks a free one.
        started: called with the address to open.

    Raises:
        InputError: if the address is taken, or another server uses the same folder.
    """
    with only_user(setup.home, "lock", "server", "give another folder with --home"):
        asyncio.run(_serve(setup, host, port, started))


async def _serve(setup: Setup, host: str, port: int, started: Callable[[str], None]) -> None:
    runner = web.AppRunner(make_app(setup), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"{host}:{port} cannot be used: {reason}; choose another --port") from error
        started(_address(runner, host, setup.token))
        await _ended()
    finally:
        await runner.cleanup()


def _address(runner: web.AppRunner, host: str, token: str | None) -> str:
    port = runner.addresses[0][1]
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")


async def _ended() -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
