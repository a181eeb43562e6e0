"""The official front end's files, and what other packs add to it."""

from importlib.util import find_spec
from pathlib import Path

from aiohttp import web

from if_graph.errors import InputError
from if_graph.server.packs import web_folder
from if_graph.server.paths import contained
from if_graph.server.refusals import Refused
from if_graph.server.state import state_of

PACKAGE = "comfyui_frontend_package"
_TYPES = {
    ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".json": "application/json",
    ".md": "text/markdown", ".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp",
    ".woff2": "font/woff2", ".woff": "font/woff",
}  # fmt: skip
routes = web.RouteTableDef()


def static_folder() -> Path:
    """Return the folder of the front end.

    Raises:
        InputError: if it is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise InputError("the editor is not installed; run pip install 'if-graph[editor]'")
    return Path(spec.origin).parent / "static"


def add_front_end(app: web.Application, static: Path) -> None:
    """Serve the front end at ``/``."""

    async def index(request: web.Request) -> web.FileResponse:
        """Return the editor's page."""
        return web.FileResponse(static / "index.html", headers={"Cache-Control": "no-cache"})

    async def nothing(request: web.Request) -> web.Response:
        """Return an empty style sheet."""
        return web.Response(text="", content_type="text/css")

    async def no_templates(request: web.Request) -> web.Response:
        """Tell that there are no templates but those of packs."""
        return web.json_response([])

    app.router.add_get("/", index)
    app.router.add_get("/user.css", nothing)
    for name in ("index", "index_logo"):
        app.router.add_get(f"/templates/{name}.json", no_templates)
    app.router.add_static("/", static)


@routes.get("/extensions")
async def extensions(request: web.Request) -> web.Response:
    """List the scripts that the editor loads: its own and those of packs."""
    own = _own_scripts()
    theirs = []
    for name, pack in state_of(request).packs.items():
        folder = web_folder(pack)
        scripts = sorted(folder.rglob("*.js")) if folder else []
        theirs += [f"/extensions/{name}/{path.relative_to(folder).as_posix()}" for path in scripts if folder]
    return web.json_response(own + theirs)


def _own_scripts() -> list[str]:
    if find_spec(PACKAGE) is None:
        return []
    root = static_folder()
    return sorted(f"/{path.relative_to(root).as_posix()}" for path in (root / "extensions").rglob("*.js"))


@routes.get("/extensions/{pack}/{file:.+}")
async def extension_file(request: web.Request) -> web.Response:
    """Return a file of a pack's web folder, or of the editor's own extensions."""
    name, file = request.match_info["pack"], request.match_info["file"]
    pack = state_of(request).packs.get(name)
    own = static_folder() / "extensions" / "core" if name == "core" and find_spec(PACKAGE) else None
    folder = web_folder(pack) if pack is not None else own
    if folder is None:
        raise Refused(404, "not_found", "there is no such pack, or it has no files for the browser")
    path = contained(folder, file)
    kind = _TYPES.get(path.suffix.lower())
    if not path.is_file() or kind is None:
        raise Refused(404, "not_found", "the pack has no such file for the browser")
    return web.Response(body=path.read_bytes(), content_type=kind)
