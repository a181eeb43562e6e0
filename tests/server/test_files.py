"""Uploads, view, user data, and what the server tells of itself."""

import io
import logging
import os

import psutil
import pytest
from PIL import Image

from if_graph.client import Client, ServerError
from if_graph.errors import CheckpointError
from if_graph.folders import shipped_inputs
from if_graph.graph.registry import NodeClasses
from if_graph.server.packs import load_with_packs
from if_graph.server.store import Job, JobStore

PACK = """
from aiohttp import web
from server import PromptServer

@PromptServer.instance.routes.get("/my-pack/hello")
async def hello(request):
    return web.json_response({"hello": "you"})

class Twice:
    FUNCTION, RETURN_TYPES, CATEGORY = "run", ("INT",), "x"
    INPUT_TYPES = classmethod(lambda cls: {"required": {"value": ("INT", {"default": 1})}})
    def run(self, value):
        return (2 * value,)

NODE_CLASS_MAPPINGS = {"Twice": Twice}
WEB_DIRECTORY = "./web"
"""


class Loader:
    """Offers two checkpoints, of which one is damaged."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"checkpoint": (["nano/stage_1", "torn"], {})}}

    @classmethod
    def METADATA(cls, checkpoint):
        if checkpoint == "torn":
            raise CheckpointError("it is torn")
        return {"format": "pt"}


USUAL = {"prompt": "", "width": 4, "seed": 5, "strength": 1.0, "mode": "gray", "flip": False}
FLOW = {
    "1": {"class_type": "Picture", "inputs": USUAL},
    "2": {"class_type": "SavePicture", "inputs": {"images": ["1", 0], "filename_prefix": "cat"}},
}


def test_an_upload_is_seen_again_and_is_kept_once(server, png):
    first, again = (server.upload(png, "red.png").data for _ in "ab")
    assert first == again == b'{"name": "red.png", "subfolder": "", "type": "input"}'
    shown = server.ask("GET", "/view?filename=red.png&type=input")
    assert (shown.data, shown.headers["Content-Type"]) == (png, "image/png")


def test_another_picture_of_the_same_name_gets_a_number(server, png):
    other = io.BytesIO()
    Image.new("RGB", (3, 3)).save(other, "PNG")
    server.upload(png, "two.png", subfolder="a/b")
    assert (
        b'"two (1).png", "subfolder": "a/b"'
        in server.upload(other.getvalue(), "two.png", subfolder="a/b").data
    )


@pytest.mark.parametrize(
    ("query", "form"), [("preview=webp;50", "WEBP"), ("channel=a", "PNG"), ("channel=rgb", "PNG")]
)
def test_view_shrinks_and_splits(server, png, query, form):
    server.upload(png, "red.png")
    answer = server.ask("GET", f"/view?filename=red.png%20[input]&{query}")
    assert Image.open(io.BytesIO(answer.data)).format == form


def test_a_mask_becomes_the_transparency_of_its_picture(server, png):
    server.upload(png, "red.png")
    mask = io.BytesIO()
    Image.new("RGBA", (6, 4), (0, 0, 0, 7)).save(mask, "PNG")
    ref = '{"filename": "red.png", "type": "input"}'
    answer = server.upload(mask.getvalue(), "masked.png", what="mask", original_ref=ref)
    made = Image.open(io.BytesIO(server.ask("GET", "/view?filename=masked.png&type=input").data))
    assert (answer.status, made.getpixel((0, 0))) == (200, (255, 0, 0, 7))


def test_a_picture_that_comes_with_a_workflow_is_seen_and_not_written_over(server, png, shared_folder):
    name, shipped = next(iter(shipped_inputs().items()))
    before = shipped.read_bytes()
    assert server.ask("GET", f"/view?filename={name}&type=input").data == before
    server.upload(png, name)
    assert server.ask("GET", f"/view?filename={name}&type=input").data == png
    assert shipped.read_bytes() == before


def test_a_node_class_has_a_help_page_that_no_folder_holds(server):
    page = server.ask("GET", "/docs/SaveImage/de.md").data.decode()
    assert "Save pictures as PNG files" in page
    assert "`filename_prefix`" in page


def test_files_of_a_folder_are_listed_newest_first_and_no_others(make_server, tmp_path):
    server = make_server(tmp_path)
    for age, name in enumerate(("new.png", "old.png", ".hidden")):
        (tmp_path / "input" / name).touch()
        os.utime(tmp_path / "input" / name, (1000 - age, 1000 - age))
    (tmp_path / "input" / "link.png").symlink_to(tmp_path / "home" / "jobs.sqlite3")
    assert server.json("GET", "/internal/files/input") == ["new.png", "old.png"]
    assert server.ask("GET", "/internal/files/home").status == 400
    assert server.json("GET", "/internal/folder_paths") == {"deepfloyd_if": []}


@pytest.mark.parametrize("route", ["models", "experiment/models"])
def test_the_checkpoints_of_loaders_are_listed(make_server, tmp_path, toys, route):
    server = make_server(tmp_path, classes=NodeClasses({**toys, "IFLoadStage": Loader}))
    listed = server.json("GET", f"/api/{route}/deepfloyd_if")
    assert [one["name"] if isinstance(one, dict) else one for one in listed] == ["nano/stage_1", "torn"]


def test_a_checkpoint_says_what_its_files_say_and_else_nothing_at_all(make_server, tmp_path, toys):
    server = make_server(tmp_path, classes=NodeClasses({**toys, "IFLoadStage": Loader}))
    path = "/api/view_metadata/deepfloyd_if?filename="
    assert server.json("GET", f"{path}nano%2Fstage_1") == {"format": "pt"}
    others = [path + "torn", path + "..%2Fx", path, "/view_metadata/vae?filename=nano%2Fstage_1"]
    assert {(answer.status, answer.data) for answer in map(lambda p: server.ask("GET", p), others)} == {
        (404, b"")
    }


def test_a_workflow_is_saved_listed_moved_and_deleted(server):
    name = "/userdata/workflows%2Fa.json"
    assert server.json("POST", f"{name}?overwrite=false", {"a": 1}) == "workflows/a.json"
    assert server.ask("POST", f"{name}?overwrite=false", {"a": 2}).status == 409
    assert server.json("GET", "/userdata?dir=workflows") == ["a.json"]
    assert server.json("POST", f"{name}/move/workflows%2Fb.json") == "workflows/b.json"
    assert server.json("GET", "/userdata/workflows%2Fb.json") == {"a": 1}
    assert server.ask("DELETE", "/userdata/workflows%2Fb.json").status == 204
    assert server.json("GET", "/userdata?dir=workflows&recurse=true") == []


@pytest.mark.parametrize("kind", ["application/json", "text/plain;charset=UTF-8"])
@pytest.mark.parametrize(("path", "body"), [("/Comfy.Locale", b'"de"'), ("", b'{"Comfy.Locale": "de"}')])
def test_a_setting_is_kept_however_the_editor_labels_it(server, path, body, kind):
    server.ask("POST", "/settings/Comfy.Locale", "en")
    assert server.ask("POST", f"/settings{path}", body, Content_Type=kind).status == 200
    assert (
        server.json("GET", "/settings")["Comfy.Locale"]
        == server.json("GET", "/settings/Comfy.Locale")
        == "de"
    )


def test_openapi_names_every_route_that_clients_use(server):
    paths = server.json("GET", "/openapi.json")["paths"]
    wanted = {"/api/prompt", "/api/queue", "/api/history/{id}", "/api/jobs/{id}/cancel", "/api/upload/mask"}
    assert wanted <= paths.keys()
    assert all(operation["summary"] for path in paths.values() for operation in path.values())


def test_the_python_client_fetches_what_it_queued(server):
    client = Client(f"http://127.0.0.1:{server.port}")
    ((name, data),) = client.pictures(client.wait(client.queue(FLOW), 60))
    assert (name, Image.open(io.BytesIO(data)).size) == ("cat_00001_.png", (4, 4))
    with pytest.raises(ServerError, match="Prompt has no outputs"):
        client.queue({"1": FLOW["1"]})
    assert 'if_graph_runs_total{status="completed"}' in server.ask("GET", "/metrics").data.decode()


def test_another_packs_nodes_routes_and_scripts_are_served(make_server, tmp_path):
    pack = tmp_path / "my-pack"
    (pack / "web").mkdir(parents=True)
    (pack / "__init__.py").write_text(PACK)
    (pack / "web" / "x.js").write_text("1")
    classes, packs, prompt_server = load_with_packs([pack, tmp_path / "none"])
    server = make_server(tmp_path, packs=packs, prompt_server=prompt_server)
    assert "Twice" in classes
    assert server.json("GET", "/api/my-pack/hello") == {"hello": "you"}
    assert "/extensions/my-pack/x.js" in server.json("GET", "/extensions")
    assert server.ask("GET", "/extensions/my-pack/x.js").headers["Content-Type"].startswith("text/javascript")
    assert server.ask("GET", "/extensions/my-pack/../__init__.py").status == 403


def test_a_store_that_was_cut_short_runs_first_what_was_running(tmp_path):
    store = JobStore(tmp_path / "jobs")
    for name in "abc":
        store.add(Job(name, {}, []))
    assert store.take().id == "a"
    again = JobStore(tmp_path / "jobs")  # the first was never closed, as after kill -9
    assert [again.take().id for _ in "abc"] == ["a", "b", "c"]


def test_log_lines_are_listed_and_reach_who_follows_them(server):
    def log(messages, run):
        followed = server.ask("PATCH", "/internal/logs/subscribe", {"clientId": "me", "enabled": True})
        logging.getLogger("if_graph.test").warning("one line")
        return followed.status == 200

    messages = server.watch(FLOW, until="logs", during=log)
    assert messages[-1]["data"]["entries"][0]["m"] == "WARNING: one line\n"
    assert server.json("GET", "/internal/logs/raw")["entries"][-1]["m"] == "WARNING: one line\n"
    assert server.json("GET", "/internal/logs").endswith(" - WARNING: one line\n")
    assert server.ask("PATCH", "/internal/logs/subscribe", {"clientId": "nobody"}).status == 400


def test_the_machines_memory_is_told(server):
    told = server.json("GET", "/system_stats")
    assert told["system"]["ram_total"] == psutil.virtual_memory().total
    assert 0 < told["system"]["ram_free"] <= told["system"]["ram_total"]
    assert told["devices"][0]["vram_total"] > 0
