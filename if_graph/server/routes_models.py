"""Routes of models: which kinds and checkpoints there are, and what the files of one say of themselves."""

from typing import Any

from aiohttp import web

from if_graph.errors import IFGraphError
from if_graph.server.refusals import Refused
from if_graph.server.state import State, state_of

routes = web.RouteTableDef()
_KIND = "deepfloyd_if"
_LOADERS = ("IFLoadStage", "IFLoadTextEncoder")


@routes.get("/models")
@routes.get("/experiment/models")
async def model_folders(request: web.Request) -> web.Response:
    """List kinds of models."""
    is_new = request.path.endswith("/experiment/models")
    return web.json_response([{"name": _KIND, "folders": []}] if is_new else [_KIND])


@routes.get("/models/{folder}")
@routes.get("/experiment/models/{folder}")
async def models(request: web.Request) -> web.Response:
    """List the checkpoints of one kind."""
    if request.match_info["folder"] != _KIND:
        raise Refused(404, "not_found", f"there is no such kind of models, expected {_KIND}")
    state = state_of(request)
    names = await state.apart(lambda: _checkpoints(state))
    is_new = "/experiment/" in request.path
    return web.json_response([{"name": name, "pathIndex": 0} for name in names] if is_new else names)


@routes.get("/internal/folder_paths")
async def folder_paths(request: web.Request) -> web.Response:
    """List the folders of each kind of models: none, as where they are is no client's business."""
    return web.json_response({_KIND: []})


@routes.get("/view_metadata/{folder}")
async def view_metadata(request: web.Request) -> web.Response:
    """Return what the files of the checkpoint filename say of themselves; 404 without a body if nothing."""
    state, name = state_of(request), request.query.get("filename", "")
    is_ours = request.match_info["folder"] == _KIND
    told = await state.apart(lambda: _metadata(state, name)) if is_ours else {}
    # The editor would take a body of words for the file's own.
    return web.json_response(told) if told else web.Response(status=404)


def _metadata(state: State, name: str) -> dict[str, str]:
    for cls in _loaders(state):
        if name in _offered(cls):
            try:
                return dict(cls.METADATA(name))
            except IFGraphError:  # a damaged file says nothing; its loader says why
                return {}
    return {}


def _checkpoints(state: State) -> list[str]:
    """Return what the loaders' lists of checkpoints offer."""
    return list(dict.fromkeys(name for cls in _loaders(state) for name in _offered(cls)))


def _loaders(state: State) -> list[Any]:
    return [state.classes[name] for name in _LOADERS if name in state.classes]


def _offered(cls: Any) -> list[str]:
    offered = cls.INPUT_TYPES()["required"].get("checkpoint")
    return offered[0] if offered and isinstance(offered[0], list) else []
