"""The routes of the application -> an OpenAPI document."""

import inspect
import re
from typing import Any

from aiohttp import web

_JSON = "application/json"
_PROMPT = {
    "type": "object",
    "required": ["prompt"],
    "properties": {
        "prompt": {"type": "object", "description": "A workflow in API format: nodes by id."},
        "prompt_id": {"type": "string", "format": "uuid"},
        "client_id": {"type": "string", "description": "Whose websocket hears of it."},
        "front": {"type": "boolean", "description": "Whether it goes before all that wait."},
        "partial_execution_targets": {"type": "array", "items": {"type": "string"}},
        "extra_data": {"type": "object", "description": "extra_pnginfo: what saved pictures embed."},
    },
}
_UPLOAD = {
    "type": "object",
    "required": ["image"],
    "properties": {
        "image": {"type": "string", "format": "binary"},
        "type": {"enum": ["input", "temp", "output"]},
        "subfolder": {"type": "string"},
        "overwrite": {"enum": ["true", "false"]},
        "original_ref": {"type": "string", "description": "For masks: JSON with filename, subfolder, type."},
    },
}
_BODIES = {"/api/prompt": (_JSON, _PROMPT)} | {
    f"/api/upload/{what}": ("multipart/form-data", _UPLOAD) for what in ("image", "mask")
}
_QUERIES = {
    "/api/view": ("filename", "subfolder", "type", "preview", "channel"),
    "/api/jobs": ("status", "limit", "offset", "sort_order"),
    "/api/history": ("max_items", "offset"),
    "/api/userdata": ("dir", "recurse", "split", "full_info"),
}


def describe_routes(router: web.UrlDispatcher, version: str) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document of every route below ``/api``; each is there without ``/api`` too."""
    paths: dict[str, dict[str, Any]] = {}
    for route in router.routes():
        path = route.resource.canonical if route.resource is not None else ""
        if path.startswith("/api/") and route.method in ("GET", "POST", "DELETE"):
            paths.setdefault(path, {})[route.method.lower()] = _operation(path, route)
    info = {"title": "if-graph serve", "version": version, "description": "ComfyUI's HTTP API."}
    schemes = {"token": {"type": "http", "scheme": "bearer"}}
    components = {"securitySchemes": schemes, "schemas": {"Error": _error()}}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}


def _operation(path: str, route: web.AbstractRoute) -> dict[str, Any]:
    names = re.findall(r"{(\w+)}", path)
    known = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    asked = _QUERIES.get(path, ()) if route.method == "GET" else ()
    known += [{"name": name, "in": "query", "schema": {"type": "string"}} for name in asked]
    refused = {
        "description": "Refused",
        "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    operation: dict[str, Any] = {
        "summary": inspect.cleandoc(route.handler.__doc__ or "").split("\n")[0],
        "parameters": known,
        "responses": {"200": {"description": "OK"}, "4XX": refused},
    }
    if route.method == "POST" and path in _BODIES:
        kind, schema = _BODIES[path]
        operation["requestBody"] = {"required": True, "content": {kind: {"schema": schema}}}
    return operation


def _error() -> dict[str, Any]:
    words = {name: {"type": "string"} for name in ("type", "message", "details")}
    error = {"type": "object", "properties": {**words, "extra_info": {"type": "object"}}}
    return {"type": "object", "properties": {"error": error, "node_errors": {"type": "object"}}}
