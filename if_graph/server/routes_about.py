"""Routes that tell what there is: node classes, models, workflows, help, the machine, the server itself."""

import platform
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import psutil
import torch
from aiohttp import web

from if_graph import __version__
from if_graph.graph.library import PACKAGE, read_source, shipped_workflows
from if_graph.graph.object_info import describe_class
from if_graph.graph.reference import section
from if_graph.server.openapi import describe_routes
from if_graph.server.refusals import Refused
from if_graph.server.state import State, state_of
from if_graph.server.translations import translations

routes = web.RouteTableDef()
OWN = "if-graph"
SPEAKS = "0.33.0"
"""Version of ComfyUI whose routes these are."""
_PICTURES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


def _fixed(path: str, value: Any, about: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(value)

    answer.__doc__ = about
    routes.get(path)(answer)


_fixed(
    "/features", {"supports_preview_metadata": True, "max_upload_size": 64 * 2**20}, "Tell what it can do."
)
_fixed("/embeddings", [], "List textual-inversion embeddings: none.")
_fixed("/global_subgraphs", {}, "List ready-made sub-graphs: none.")
_fixed("/node_replacements", {}, "List renamed nodes: none.")


@routes.get("/i18n")
async def i18n(request: web.Request) -> web.Response:
    """Return texts of nodes in other languages, by language."""
    state = state_of(request)
    return web.json_response(await state.apart(lambda: translations(state.packs.values())))


@routes.get("/object_info")
async def all_classes(request: web.Request) -> web.Response:
    """Describe every node class; one whose pack cannot describe it is left out."""
    state = state_of(request)
    return web.json_response(await state.apart(lambda: _described(state, list(state.classes))))


@routes.get("/object_info/{name}")
async def one_class(request: web.Request) -> web.Response:
    """Describe one node class; an empty object where there is none."""
    state, name = state_of(request), request.match_info["name"]
    wanted = [name] if name in state.classes else []
    return web.json_response(await state.apart(lambda: _described(state, wanted)))


def _described(state: State, names: list[str]) -> dict[str, Any]:
    found = {}
    for name in names:
        try:
            found[name] = describe_class(name, state.classes[name], state.classes.display_names.get(name))
        except Exception as error:  # a foreign class may fail in any way
            state.metrics.refused.labels("pack").inc()
            sys.stderr.write(f"if-graph: {error}\n")
    return found


@routes.get("/system_stats")
async def system_stats(request: web.Request) -> web.Response:
    """Tell of the machine: versions, memory, device."""
    memory = psutil.virtual_memory()
    system = {
        "os": sys.platform,
        "ram_total": memory.total,
        "ram_free": memory.available,
        "comfyui_version": SPEAKS,
        "if_graph_version": __version__,
        "python_version": platform.python_version(),
        "pytorch_version": torch.__version__,
        "embedded_python": False,
        "argv": [],
    }
    return web.json_response({"system": system, "devices": [_device(memory.total, memory.available)]})


def _device(total: int, free: int) -> dict[str, Any]:
    """Describe the GPU, or the CPU with the machine's bytes of memory, as ComfyUI does."""
    name: dict[str, Any] = {"name": "cpu", "type": "cpu", "index": None}
    if torch.cuda.is_available():
        name = {"name": torch.cuda.get_device_name(), "type": "cuda", "index": 0}
        free, total = torch.cuda.mem_get_info()
    return {
        **name,
        "vram_total": total,
        "vram_free": free,
        "torch_vram_total": total,
        "torch_vram_free": free,
    }


@routes.get("/workflow_templates")
async def templates(request: web.Request) -> web.Response:
    """List the workflows that come with the package, and those of other packs, by pack."""
    found = {OWN: [shipped.name for shipped in shipped_workflows()]}
    for name, folder in state_of(request).packs.items():
        theirs = sorted(path.stem for path in _example_folder(folder).glob("*.json"))
        found |= {name: theirs} if theirs else {}
    return web.json_response(found)


@routes.get("/workflow_templates/{pack}/{file}")
async def template(request: web.Request) -> web.Response:
    """Return one of those workflows, or its picture."""
    pack, file = request.match_info["pack"], Path(request.match_info["file"])
    known = file.stem in (shipped.name for shipped in shipped_workflows())
    if pack == OWN and known and file.suffix == ".json":
        return web.Response(body=read_source(file.stem)[0], content_type="application/json")
    folder = Path(str(resources.files(PACKAGE))) if pack == OWN else _pack_examples(request, pack)
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name == file.name and path.suffix in (".json", *_PICTURES):
            kind = _PICTURES.get(path.suffix, "application/json")
            return web.Response(body=path.read_bytes(), content_type=kind)
    raise Refused(404, "not_found", "there is no such template; list them with GET /api/workflow_templates")


def _pack_examples(request: web.Request, pack: str) -> Path:
    return _example_folder(state_of(request).packs.get(pack, Path("/nonexistent")))


def _example_folder(pack: Path) -> Path:
    return pack / "example_workflows"


@routes.get("/docs/{name}/{language}.md")
async def node_help(request: web.Request) -> web.Response:
    """Return the help page of a node class, in Markdown."""
    state, name = state_of(request), request.match_info["name"]
    if name not in state.classes:
        raise Refused(404, "not_found", "there is no such node class")
    text = await state.apart(lambda: "\n".join(section(name, _described(state, [name])[name])))
    return web.Response(text=text, content_type="text/markdown")


@routes.get("/health")
async def health(request: web.Request) -> web.Response:
    """Tell that the server answers."""
    return web.json_response({"status": "ok", "version": __version__})


@routes.get("/ready")
async def ready(request: web.Request) -> web.Response:
    """Tell whether runs are carried out; 503 if not."""
    is_ready = state_of(request).worker.is_alive
    reply = {"status": "ready" if is_ready else "not ready"}
    return web.json_response(reply, status=200 if is_ready else 503)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Return counts for Prometheus."""
    return web.Response(body=state_of(request).metrics.text(), content_type="text/plain", charset="utf-8")


@routes.get("/openapi.json")
async def openapi(request: web.Request) -> web.Response:
    """Return this list of routes as an OpenAPI document."""
    return web.json_response(describe_routes(request.app.router, __version__))
