"""The parts of the server -> one aiohttp application."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from if_graph.folders import Folders
from if_graph.graph.backends import Backend
from if_graph.graph.cache import ResultCache
from if_graph.graph.executor import Executor
from if_graph.graph.registry import NodeClasses
from if_graph.server import editor, logs, routes_about, routes_files, routes_models, routes_queue, routes_user
from if_graph.server.guard import guard
from if_graph.server.hub import Hub
from if_graph.server.journals import Journals
from if_graph.server.limits import Limits
from if_graph.server.metrics import Metrics
from if_graph.server.packs import PromptServer
from if_graph.server.refusals import Refused
from if_graph.server.state import STATE, State, state_of
from if_graph.server.store import WAITING, JobStore
from if_graph.server.teller import Teller
from if_graph.server.worker import Worker

log = logging.getLogger(__name__)


@dataclass
class Setup:
    """What a server is made of.

    Args:
        classes: node classes by name.
        folders: input, output and temp.
        home: folder of the queue, of settings and of saved workflows.
        cache: where results are kept between runs.
        token: what clients must show; None where only this machine can ask.
        queue_limit: how many runs may wait.
        static: the front end's files; None serves the API alone.
        packs: folders of other packs by name.
        prompt_server: what those packs saw.
        limits: how much one client may take.
        backend: who performs the calls of nodes; this process if left out.
    """

    classes: NodeClasses
    folders: Folders
    home: Path
    cache: ResultCache | None = None
    token: str | None = None
    queue_limit: int = 1000
    static: Path | None = None
    packs: dict[str, Path] = field(default_factory=dict)
    prompt_server: PromptServer = field(default_factory=PromptServer)
    limits: Limits = field(default_factory=Limits)
    backend: Backend | None = None


def make_app(setup: Setup) -> web.Application:
    """Return the application; its worker starts and ends with it."""
    app = web.Application(middlewares=[guard(setup.token), _counted], client_max_size=2**16)
    teller = app[_TELLER] = Teller()
    app[STATE] = teller.state = _state(setup, teller)
    app[logs.PANEL] = logs.LogPanel(teller.send)
    tables = (*_TABLES, setup.prompt_server.routes)
    for route in [route for table in tables for route in table]:
        _add_twice(app, route)
    app.router.add_get("/ws", websocket)
    if setup.static is not None:
        editor.add_front_end(app, setup.static)
    app.on_shutdown.append(_say_goodbye)
    app.cleanup_ctx.append(lambda app: _running(app, setup.prompt_server))
    return app


_TABLES: tuple[Iterable[web.AbstractRouteDef], ...] = (
    routes_queue.routes,
    routes_files.routes,
    routes_user.routes,
    routes_about.routes,
    routes_models.routes,
    editor.routes,
    logs.routes,
)


def _add_twice(app: web.Application, route: web.AbstractRouteDef) -> None:
    """Add a route as ComfyUI has them: bare, and below ``/api``."""
    route.register(app.router)
    if isinstance(route, web.RouteDef):
        web.RouteDef(route.method, f"/api{route.path}", route.handler, route.kwargs).register(app.router)


def _state(setup: Setup, tell: Teller) -> State:
    store, hub, metrics = (
        JobStore(setup.home / "jobs.sqlite3", setup.queue_limit),
        Hub(setup.limits),
        Metrics(),
    )
    user = setup.home / "user"
    user.mkdir(parents=True, exist_ok=True)
    executor = Executor(setup.classes, setup.cache, setup.backend)
    journals = Journals(setup.home / "running", setup.folders)
    worker = Worker(store, executor, setup.folders, journals, tell.report, tell.changed)
    metrics.watch("if_graph_queue_length", "Runs that wait or are running.", lambda: store.count(WAITING))
    metrics.watch("if_graph_clients", "Websockets that are open.", lambda: len(hub))
    return State(setup.classes, setup.folders, user, store, worker, hub, metrics, setup.packs, setup.limits)


_TELLER = web.AppKey("teller", Teller)


async def websocket(request: web.Request) -> web.WebSocketResponse:
    """Tell a client of the runs it asks for: ?clientId=ID."""
    state = state_of(request)
    return await state.hub.serve(request, state.status())


async def _running(app: web.Application, prompt_server: PromptServer) -> AsyncIterator[None]:
    state = app[STATE]
    teller = app[_TELLER]
    teller.loop = asyncio.get_running_loop()
    prompt_server.send = teller.send
    logging.getLogger().addHandler(app[logs.PANEL])
    state.worker.start()
    yield
    logging.getLogger().removeHandler(app[logs.PANEL])
    prompt_server.send = lambda event, data, sid: None
    await asyncio.get_running_loop().run_in_executor(None, state.worker.stop)
    state.store.close()


async def _say_goodbye(app: web.Application) -> None:
    """Close websockets while their connections still are."""
    await app[STATE].hub.close()


@web.middleware
async def _counted(request: web.Request, handler: Any) -> web.StreamResponse:
    """Count refusals, and answer in one sentence where a handler fails."""
    try:
        response: web.StreamResponse = await handler(request)
    except Refused as error:
        state_of(request).metrics.refused.labels(str(error.status)).inc()
        raise
    except (web.HTTPException, asyncio.CancelledError, ConnectionError):
        raise
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        raise Refused(500, "internal", "the server failed at this request; its log says why") from None
    return response
