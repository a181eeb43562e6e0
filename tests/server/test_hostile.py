"""Requests that want out of the server's folders, in from other pages, or its memory: each is refused."""

import asyncio
import io
import json
import socket
from urllib.parse import quote

import aiohttp
import pytest
from PIL import Image

from if_graph.server.limits import Limits

SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
SECRET = "secret.txt"
OUT = [
    "../secret.txt",
    "..\\secret.txt",
    "a/../../secret.txt",
    "/etc/passwd",
    "C:\\secret.txt",
    "\0",
    ".hidden",
]


@pytest.fixture(scope="module", autouse=True)
def planted(server, shared_folder):
    """A file beside the server's folders, and links to it inside them."""
    (shared_folder / SECRET).write_text("secret")
    for folder in ("input", "output", "temp", "home/user"):
        (shared_folder / folder / "link.txt").symlink_to(shared_folder / SECRET)
        (shared_folder / folder / "away").symlink_to(shared_folder)
        (shared_folder / folder / "loop").symlink_to(shared_folder / folder / "loop")
    (shared_folder / "output" / "page.html").write_bytes(b"<script>alert(1)</script>")
    (shared_folder / "output" / "page.svg").write_bytes(SCRIPT)
    (shared_folder / "output" / "page.png").write_bytes(SCRIPT)


def view(name, **query):
    more = "".join(f"&{key}={quote(value)}" for key, value in query.items())
    return "GET", f"/view?filename={quote(name, safe='')}{more}", None


def user(name, method="GET", after=""):
    return method, f"/userdata/{quote(name, safe='')}{after}", b"x" if method == "POST" else None


def prompt(value):
    return "POST", "/prompt", value if isinstance(value, bytes) else json.dumps(value).encode()


REFUSED = [
    *(view(name) for name in OUT),
    *(view(quote(name, safe="")) for name in OUT[:4]),
    *(view("x.png", subfolder=name) for name in OUT),
    *(view("link.txt", type=kind) for kind in ("input", "output", "temp")),
    *(view("away/secret.txt", type=kind) for kind in ("input", "output", "temp")),
    *(view(f"../secret.txt [{kind}]") for kind in ("input", "output", "temp")),
    view("loop"), view("x" * 5000), view("x.png", type="home"), view(""), view("x.png", type="../home"),
    view("\ud800".encode("utf-8", "surrogatepass").decode("latin-1")),
    *(user(name) for name in OUT[:5]),
    *(user(name, "POST") for name in OUT[:5]),
    *(user(name, "DELETE") for name in ("../jobs.sqlite3", "link.txt", "away/secret.txt", "", ".")),
    *(user("none.json", "POST", f"/move/{quote(name, safe='')}") for name in OUT[:5]),
    ("GET", "/v2/userdata?path=../..", None), ("GET", "/userdata?dir=away", None),
    ("GET", "/extensions/core/..%2f..%2findex.html", None), ("GET", "/extensions/nowhere/x.js", None),
    ("GET", "/workflow_templates/if-graph/..%2f__init__.py", None),
    ("GET", "/workflow_templates/if-graph/__init__.py", None),
    ("GET", "/models/..%2f..", None), ("GET", "/docs/..%2fx/en.md", None),
    ("GET", "/internal/files/..%2fhome", None), ("GET", "/view_metadata/..%2f..?filename=../x", None),
    ("GET", "/history?max_items=abc", None), ("GET", "/jobs?limit=1e9", None),
    ("GET", "/jobs?status=odd", None),
    prompt(b"{"), prompt(b"[]"), prompt(b"\xff\xfe"), prompt(b'{"prompt": NaN}'), prompt(b"[" * 100_000),
    prompt(b'{"prompt":' + b'{"a":' * 500 + b"1" + b"}" * 501), prompt(b"9" * 10_000),
    prompt({"prompt": {"1": 5}}), prompt({"prompt": {"1": {"class_type": ["Show"]}}}),
    prompt({"prompt": {"1": {"class_type": "Show", "inputs": 5}}}), prompt({"prompt": [], "extra_data": 5}),
    prompt({"prompt": {}, "prompt_id": "../../x"}), prompt({"prompt": {}, "prompt_id": {"a": 1}}),
    ("PUT", "/prompt", b"{}"), ("TRACE", "/", None), ("POST", "/upload/image", b"{}"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), REFUSED)
def test_it_is_refused_in_words_and_the_server_lives(server, shared_folder, method, path, body):
    answer = server.ask(method, path, body, Content_Type="application/json")
    assert 400 <= answer.status < 500
    assert b"secret" not in answer.data.replace(b"secret.txt", b"")
    assert server.ask("GET", "/health").status == 200
    assert (shared_folder / SECRET).read_text() == "secret"
    assert (shared_folder / "home" / "jobs.sqlite3").is_file()


ORIGINS = [
    "http://evil.example",
    "null",
    "http://localhost.evil.example",
    "http://127.0.0.1:1",
    "file://",
    "http://[",
]
HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "0.0.0.0",
    "127.0.0.1@evil",
    "",
    "[::",
]


@pytest.mark.parametrize("headers", [
    *({"Origin": origin} for origin in ORIGINS), *({"Host": host} for host in HOSTS),
    {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"},
], ids=str)  # fmt: skip
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/object_info"), ("POST", "/interrupt"), ("GET", "/ws")]
)
def test_other_pages_and_names_are_refused(server, method, path, headers):
    assert server.ask(method, path, **headers).status in (400, 403)


FORMS = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("sign", ["Origin", "Referer", "Sec_Fetch_Site"])
def test_a_form_of_a_page_is_no_prompt(server, kind, sign):
    told = "same-origin" if sign == "Sec_Fetch_Site" else f"http://127.0.0.1:{server.port}"
    answer = server.ask("POST", "/prompt", b'{"prompt": {}}', Content_Type=kind, **{sign: told})
    assert answer.status == 415


@pytest.mark.parametrize("kind", FORMS)
def test_a_program_may_call_its_json_a_form(server, kind):
    answer = server.ask("POST", "/prompt", b'{"prompt": {}}', Content_Type=kind)
    assert json.loads(answer.data)["error"]["type"] == "no_prompt"


def test_a_token_is_demanded_of_everybody_where_one_is_set(make_server, tmp_path):
    server = make_server(tmp_path, token="abc")
    assert [server.ask("GET", "/health", **h).status for h in ({}, {"Authorization": "Bearer x"})] == [
        401,
        401,
    ]
    first = server.ask("GET", "/health?token=abc", Host="any.example")
    assert "HttpOnly" in first.headers["Set-Cookie"]
    again = server.ask("GET", "/health", Cookie=first.headers["Set-Cookie"].split(";")[0])
    assert (first.status, again.status) == (200, 200)


# ComfyUI's published weaknesses, one by one.


def test_12285_no_symbolic_link_leads_out_through_view(server):
    assert server.ask(*view("link.txt")).status == 403


@pytest.mark.parametrize("name", OUT)
def test_13742_what_upload_refuses_view_refuses_too(server, png, name):
    sent = server.upload(png, "x.png", subfolder=name.replace("\0", "\1"))
    assert (sent.status, server.ask(*view("x.png", subfolder=name)).status) == (403, 403)


@pytest.mark.parametrize("name", ["..\\secret.txt [output]", "../secret.txt [input]", "a\\b.png [temp]"])
def test_13913_annotated_names_and_back_slashes_stay_inside(server, name):
    assert server.ask(*view(name)).status == 403


def test_13914_an_origin_of_null_is_another_page(server):
    assert server.ask("POST", "/prompt", {"prompt": {}}, Origin="null").status == 403


@pytest.mark.parametrize(
    "host", ["127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", "127.evil.example"]
)
def test_13915_only_loopback_is_loopback(server, host):
    assert server.ask("GET", "/health", Host=host).status == 403


@pytest.mark.parametrize("name", ["page.html", "page.svg", "page.png"])
def test_6034_and_cve_2024_10099_no_stored_file_acts_as_a_page(server, name):
    answer = server.ask(*view(name))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("data", [SCRIPT, b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_an_upload_that_is_no_picture_is_refused(server, shared_folder, data):
    assert server.upload(data, "lie.png").status == 415
    assert not (shared_folder / "input" / "lie.png").exists()


def test_a_picture_of_too_many_pixels_is_refused_unread(server, shared_folder):
    data = io.BytesIO()
    Image.new("1", (8200, 8200)).save(data, "PNG")
    assert server.upload(data.getvalue(), "bomb.png").status == 413
    assert not (shared_folder / "input" / "bomb.png").exists()


def test_a_body_that_is_too_large_is_refused(server):
    assert (
        server.ask("POST", "/prompt", b"[" + b" " * 17 * 2**20, Content_Type="application/json").status == 413
    )


def test_connections_that_say_nothing_keep_nobody_out(server):
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for each in silent[:10]:
        each.send(b"POST /prompt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    assert server.ask("GET", "/health").status == 200
    for each in silent:
        each.close()


@pytest.mark.parametrize("sent", ["{", "[" * 50_000, '{"type": "feature_flags", "data": 5}', "x" * 70_000])
def test_odd_words_on_a_websocket_hurt_nobody(server, sent):
    async def talk():
        url = f"http://127.0.0.1:{server.port}/ws"
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            await socket.send_str(sent)

    asyncio.run(talk())
    assert server.ask("GET", "/health").status == 200


SLOW = {
    "/prompt": b"POST /prompt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
    "/upload/image": b"POST /upload/image HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n",
}


@pytest.mark.parametrize("path", SLOW)
def test_a_body_that_does_not_arrive_in_time_is_refused(make_server, tmp_path, path):
    server = make_server(tmp_path, limits=Limits(body_seconds=0.05, upload_seconds=0.05))
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
        slow.sendall(SLOW[path])
        assert slow.recv(100).startswith(b"HTTP/1.1 408")


SILENT = b"GET /ws?clientId=me HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
SILENT += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"


def test_a_client_that_does_not_read_is_let_go(make_server, tmp_path):
    server = make_server(tmp_path, limits=Limits(unread=4))
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(SILENT)
        assert client.recv(100).startswith(b"HTTP/1.1 101")
        for _ in range(60):
            server.setup.prompt_server.send("x", {"text": "x" * 2**20}, "me")
        received = sum(iter(lambda: len(client.recv(2**20)), 0))  # until the server hangs up
    assert received < 60 * 2**20
    assert b"if_graph_clients 0.0" in server.ask("GET", "/metrics").data


def test_a_client_that_does_not_read_does_not_hold_up_the_end(make_server, tmp_path):
    server = make_server(tmp_path, limits=Limits(unread=100, farewell_seconds=0.05))
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(SILENT)
        assert client.recv(100).startswith(b"HTTP/1.1 101")
        for _ in range(60):
            server.setup.prompt_server.send("x", {"text": "x" * 2**20}, "me")
        server.stop()
        assert sum(iter(lambda: len(client.recv(2**20)), 0)) < 60 * 2**20


def test_of_clients_only_so_many_are_let_in(make_server, tmp_path):
    server = make_server(tmp_path, limits=Limits(clients=0))
    assert server.ask("GET", "/ws").status == 503
