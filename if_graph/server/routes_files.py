"""Routes of pictures: look at them, upload them, upload masks for them."""

import json
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web

from if_graph.folders import shipped_inputs, split_annotation
from if_graph.server.bodies import in_time
from if_graph.server.paths import contained
from if_graph.server.pictures import (
    DOWNLOAD,
    channel,
    content_type,
    keep,
    masked,
    require_picture,
    smaller,
)
from if_graph.server.refusals import Refused
from if_graph.server.state import State, state_of

routes = web.RouteTableDef()
LARGEST_UPLOAD = 64 * 2**20
_LARGEST_FIELD = 2**16
_CACHE = {"Cache-Control": "no-cache", "Content-Security-Policy": "sandbox; default-src 'none'"}


@routes.get("/view")
async def view(request: web.Request) -> web.Response:
    """Send a picture: filename, subfolder, type; preview=webp;90 shrinks it, channel=rgb|a splits it."""
    state, query = state_of(request), request.query
    path = _named(state, query.get("filename", ""), query.get("subfolder", ""), query.get("type", "output"))
    if not path.is_file():
        raise Refused(404, "not_found", "there is no such file; it may have been removed")
    if query.get("channel") in ("rgb", "a"):
        return _sent(await state.apart(lambda: channel(path, query["channel"])), "image/png", path)
    if "preview" in query:
        return _sent(await state.apart(lambda: smaller(path, _quality(query["preview"]))), "image/webp", path)
    data, kind = await state.apart(lambda: (path.read_bytes(), content_type(path)))
    return _sent(data, kind, path)


@routes.post("/upload/image")
async def upload_image(request: web.Request) -> web.Response:
    """Keep a picture, sent as the form field image; type, subfolder and overwrite are fields besides."""
    state, (data, name, fields) = state_of(request), await _form(request)
    await state.apart(lambda: require_picture(data))
    return web.json_response(await state.apart(lambda: _keep(state, data, name, fields)))


@routes.post("/upload/mask")
async def upload_mask(request: web.Request) -> web.Response:
    """Keep a copy of the picture original_ref names whose transparency is that of the picture sent."""
    state, (data, name, fields) = state_of(request), await _form(request)
    try:
        original = json.loads(fields.get("original_ref", ""))
        names = [str(original[key]) for key in ("filename",)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused(400, "bad_form", "original_ref is no JSON object with filename") from error
    folder = str(original.get("type") or "output")
    path = _named(state, names[0], str(original.get("subfolder") or ""), folder)
    if not path.is_file():
        raise Refused(404, "not_found", "there is no file of the name in original_ref")
    await state.apart(lambda: require_picture(data))
    made = await state.apart(lambda: masked(path, data))
    return web.json_response(await state.apart(lambda: _keep(state, made, name, fields)))


@routes.get("/internal/files/{kind}")
async def list_folder(request: web.Request) -> web.Response:
    """List the names of the files right in a folder, newest first: input, output or temp."""
    state = state_of(request)
    folder = state.folder(request.match_info["kind"])
    return web.json_response(await state.apart(lambda: _newest_first(folder)))


def _newest_first(folder: Path) -> list[str]:
    listed = folder.iterdir() if folder.is_dir() else ()
    found = [path for path in listed if path.is_file() and not path.is_symlink() and path.name[0] != "."]
    return [path.name for path in sorted(found, key=lambda path: -path.stat().st_mtime_ns)]


def _named(state: State, name: str, subfolder: str, kind: str) -> Path:
    name, kind = split_annotation(name, kind)
    if not name:
        raise Refused(400, "bad_query", "filename is missing; send ?filename=NAME&type=output")
    path = contained(state.folder(kind), subfolder, name)
    is_input = kind == "input" and not subfolder and not path.is_file()
    return shipped_inputs().get(name, path) if is_input else path


def _keep(state: State, data: bytes, name: str, fields: dict[str, str]) -> dict[str, str]:
    kind, subfolder = fields.get("type") or "input", fields.get("subfolder") or ""
    folder = state.folder(kind)
    path = keep(contained(folder, subfolder, name), data, fields.get("overwrite") in ("true", "1"))
    below = path.relative_to(folder.resolve()).parent.as_posix()
    return {"name": path.name, "subfolder": "" if below == "." else below, "type": kind}


async def _form(request: web.Request) -> tuple[bytes, str, dict[str, str]]:
    """Return the picture of a form, its name, and the other fields."""
    return await in_time(_read_form(request), state_of(request).limits.upload_seconds)


async def _read_form(request: web.Request) -> tuple[bytes, str, dict[str, str]]:
    if request.content_type != "multipart/form-data":
        raise Refused(415, "bad_form", "the body is no form, expected multipart/form-data with image")
    data, name = None, ""
    fields: dict[str, str] = {}
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or len(fields) > 20:
                raise Refused(400, "bad_form", "the form holds a form or too many fields")
            if part.name == "image":
                data, name = await _bytes(part, LARGEST_UPLOAD), part.filename or ""
            else:
                fields[str(part.name)] = (await _bytes(part, _LARGEST_FIELD)).decode("utf-8", "replace")
    except (ValueError, AssertionError, KeyError) as error:
        raise Refused(400, "bad_form", "the form is malformed; send multipart/form-data") from error
    if data is None or not name:
        raise Refused(400, "bad_form", "the form has no file in the field image")
    return data, name, fields


async def _bytes(part: BodyPartReader, largest: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk():
        data += chunk
        if len(data) > largest:
            raise Refused(413, "too_large", f"a field exceeds {largest} bytes; send less")
    return bytes(data)


def _quality(preview: str) -> int:
    text = preview.partition(";")[2]
    return min(max(int(text), 1), 100) if text.isascii() and text.isdigit() and len(text) < 4 else 90


def _sent(data: bytes, kind: str, path: Path) -> web.Response:
    headers: dict[str, Any] = dict(_CACHE)
    how = "attachment" if kind == DOWNLOAD else "inline"
    name = path.name.encode("ascii", "replace").decode().replace('"', "_").replace("\\", "_")
    headers["Content-Disposition"] = f'{how}; filename="{name}"'
    return web.Response(body=data, content_type=kind, headers=headers)
