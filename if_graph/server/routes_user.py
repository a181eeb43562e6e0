"""Routes of what a user keeps: settings, and files such as saved workflows."""

import json
from pathlib import Path
from typing import Any

from aiohttp import web

from if_graph.files import unfinished
from if_graph.server.bodies import LARGEST_JSON, parse_json, read_bytes
from if_graph.server.paths import contained
from if_graph.server.refusals import Refused
from if_graph.server.state import State, state_of

routes = web.RouteTableDef()
SETTINGS = "comfy.settings.json"
_UNASKED = {"Comfy.Notification.ShowVersionUpdates": False}
"""Settings of who has set none: no question to the editor's makers about newer versions."""
_ALWAYS = {"Comfy.TutorialCompleted": False}
"""Who comes without a workflow sees the templates; else the editor draws one of nodes that are not here."""
_EMPTY = {"user.css": (b"", "text/css"), "comfy.templates.json": (b"[]", "application/json")}
_TYPES = {".json": "application/json", ".css": "text/css"}


@routes.get("/users")
async def users(request: web.Request) -> web.Response:
    """Tell that settings are kept here, for one user."""
    return web.json_response({"storage": "server", "migrated": True})


@routes.get("/settings")
async def all_settings(request: web.Request) -> web.Response:
    """Return every setting of the editor."""
    return web.json_response(_settings(state_of(request)))


@routes.get("/settings/{id}")
async def one_setting(request: web.Request) -> web.Response:
    """Return one setting of the editor, or null."""
    return web.json_response(_settings(state_of(request)).get(request.match_info["id"]))


@routes.post("/settings")
async def change_settings(request: web.Request) -> web.Response:
    """Change the settings that the body lists."""
    changed = await _sent(request)
    if not isinstance(changed, dict):
        raise Refused(400, "bad_json", "the body is not an object, expected {...}")
    _save_settings(state_of(request), changed)
    return web.json_response({})


@routes.post("/settings/{id}")
async def change_setting(request: web.Request) -> web.Response:
    """Change one setting to the body."""
    _save_settings(state_of(request), {request.match_info["id"]: await _sent(request)})
    return web.json_response({})


async def _sent(request: web.Request) -> Any:
    """Return a setting; the editor sends it without saying that it is JSON."""
    return parse_json(await read_bytes(request, LARGEST_JSON))


@routes.get("/userdata")
async def list_files(request: web.Request) -> web.Response:
    """List files below dir; recurse, full_info and split as ComfyUI has them."""
    state, query = state_of(request), request.query
    folder = _file(state, query.get("dir", ""))
    if not folder.is_dir():
        return web.json_response([])
    deep = query.get("recurse", "").lower() == "true"
    found = sorted(path for path in folder.glob("**/*" if deep else "*") if path.is_file())
    inside = [path for path in found if path.resolve().is_relative_to(state.user.resolve())]
    if query.get("full_info", "").lower() == "true":
        return web.json_response([_about(path, folder) for path in inside])
    names = [path.relative_to(folder).as_posix() for path in inside]
    is_split = query.get("split", "").lower() == "true"
    return web.json_response([[name, *name.split("/")] for name in names] if is_split else names)


@routes.get("/v2/userdata")
async def list_entries(request: web.Request) -> web.Response:
    """List files and folders in path."""
    state = state_of(request)
    folder = _file(state, request.query.get("path", ""))
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    root = state.user.resolve()
    inside = [path for path in found if path.resolve().is_relative_to(root)]
    return web.json_response(
        [_about(path, root) | {"name": path.name, "type": _kind(path)} for path in inside]
    )


@routes.get("/userdata/{file}")
async def read_file(request: web.Request) -> web.Response:
    """Return a file."""
    path = _file(state_of(request), request.match_info["file"])
    if not path.is_file():
        if path.name in _EMPTY:
            return web.Response(body=_EMPTY[path.name][0], content_type=_EMPTY[path.name][1])
        raise Refused(404, "not_found", "there is no such file; list them with GET /api/userdata?dir=.")
    kind = _TYPES.get(path.suffix.lower(), "application/octet-stream")
    return web.Response(body=path.read_bytes(), content_type=kind)


@routes.post("/userdata/{file}")
async def write_file(request: web.Request) -> web.Response:
    """Write a file; overwrite=false refuses to replace one, full_info=true tells of it."""
    state = state_of(request)
    path = _file(state, request.match_info["file"], is_new=True)
    _refuse_taken(path, request)
    data = await read_bytes(request, LARGEST_JSON)
    _write(path, data)
    return _told(request, path, state)


@routes.delete("/userdata/{file}")
async def delete_file(request: web.Request) -> web.Response:
    """Delete a file."""
    path = _file(state_of(request), request.match_info["file"], is_new=True)
    if not path.is_file():
        raise Refused(404, "not_found", "there is no such file")
    path.unlink()
    return web.Response(status=204)


@routes.post("/userdata/{file}/move/{dest}")
async def move_file(request: web.Request) -> web.Response:
    """Give a file another name; overwrite=false refuses to replace one."""
    state = state_of(request)
    source = _file(state, request.match_info["file"], is_new=True)
    target = _file(state, request.match_info["dest"], is_new=True)
    if not source.is_file():
        raise Refused(404, "not_found", "there is no such file")
    _refuse_taken(target, request)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    return _told(request, target, state)


def _settings(state: State) -> dict[str, Any]:
    path = state.user / SETTINGS
    kept = parse_json(path.read_bytes()) if path.is_file() else {}
    return _UNASKED | (kept if isinstance(kept, dict) else {}) | _ALWAYS


def _save_settings(state: State, changed: dict[str, Any]) -> None:
    _write(state.user / SETTINGS, json.dumps(_settings(state) | changed, indent=1).encode())


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished(path) as part:
            part.write_bytes(data)
    except OSError as error:
        raise Refused(
            409, "bad_path", "the file cannot be written under this name; choose another"
        ) from error


def _file(state: State, name: str, is_new: bool = False) -> Path:
    path = contained(state.user, name, hidden=True)
    own = state.user.resolve()
    if is_new and path == own:
        raise Refused(400, "bad_path", "the name of the file is missing")
    return path


def _refuse_taken(path: Path, request: web.Request) -> None:
    if path.is_dir() or (path.exists() and request.query.get("overwrite", "true").lower() == "false"):
        raise Refused(409, "taken", "there is a file of this name; choose another or send overwrite=true")


def _told(request: web.Request, path: Path, state: State) -> web.Response:
    root = state.user.resolve()
    full = request.query.get("full_info", "").lower() == "true"
    return web.json_response(_about(path, root) if full else path.relative_to(root).as_posix())


def _kind(path: Path) -> str:
    return "directory" if path.is_dir() else "file"


def _about(path: Path, root: Path) -> dict[str, Any]:
    about = path.stat()
    times = {"modified": int(about.st_mtime * 1000), "created": int(about.st_ctime * 1000)}
    return {"path": path.relative_to(root).as_posix(), "size": about.st_size, **times}
