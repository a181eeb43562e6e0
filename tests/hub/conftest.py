"""A stand-in for the hub on 127.0.0.1: the few routes that a pull calls, and the ways they fail."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("huggingface_hub", reason="needs the hub's library: pip install 'if-graph[hub]'")

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPO = "DeepFloyd/IF-tiny"
TOKEN = "hf_valid"
WEIGHTS = "unet/diffusion_pytorch_model.fp16.safetensors"
FILES = {
    "model_index.json": b'{"_class_name": "IFPipeline"}',
    "LICENSE.md": b"terms",
    "README.md": b"card",
    "unet/config.json": b'{"sample_size": 64}',
    WEIGHTS: bytes(range(256)) * 64,
    "unet/diffusion_pytorch_model.safetensors": b"float32" * 4096,
    "unet/diffusion_pytorch_model.bin": b"a pickle" * 4096,
    "scheduler/scheduler_config.json": b"{}",
    "text_encoder/config.json": b"{}",
    "text_encoder/model.fp16-00001-of-00002.safetensors": b"first" * 1000,
    "text_encoder/model.fp16-00002-of-00002.safetensors": b"second" * 1000,
    "text_encoder/model.safetensors.index.fp16.json": b'{"weight_map": {}}',
    "text_encoder/model.safetensors.index.json": b'{"weight_map": {"a": 1}}',
    "tokenizer/spiece.model": b"pieces",
    "watermarker/diffusion_pytorch_model.safetensors": b"mark" * 500,
}


class Hub(ThreadingHTTPServer):
    """What the stand-in holds, and what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = dict(FILES)
        self.needs_licence = False
        self.cut_after = {}  # file: bytes sent before the connection breaks; it breaks once
        self.fails_after_cut = False  # whether a file whose sending was cut is refused from then on
        self.refuses = set()  # files answered with status 503
        self.damaged = set()  # files sent with one byte changed
        self.asked = []  # (path, Range header)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """Stay quiet about connections that the tests break."""


def described(name, data):
    entry = {"rfilename": name, "size": len(data)}
    if name.endswith((".safetensors", ".bin", ".model")):
        entry["lfs"] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "pointerSize": 130}
    else:
        entry["blobId"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    return entry


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append((path, self.headers.get("Range")))
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token and token != TOKEN and not path.startswith("/cdn/"):
            self.answer(401, headers={"X-Error-Message": "Invalid credentials in Authorization header"})
        elif path.startswith(f"/api/models/{REPO}/revision/"):
            self.describe(path.rpartition("/")[2])
        elif path.startswith(f"/{REPO}/resolve/{COMMIT}/"):
            self.resolve(path.removeprefix(f"/{REPO}/resolve/{COMMIT}/"), token)
        elif path.startswith("/cdn/"):
            self.send(path.removeprefix("/cdn/"))
        else:
            self.answer(404, headers={"X-Error-Code": "RepoNotFound"})

    def describe(self, revision):
        if revision not in ("main", COMMIT):
            self.answer(404, headers={"X-Error-Code": "RevisionNotFound"})
            return
        siblings = [described(name, data) for name, data in self.server.files.items()]
        body = {
            "id": REPO,
            "modelId": REPO,
            "sha": COMMIT,
            "siblings": siblings,
            "tags": [],
            "private": False,
        }
        self.answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def resolve(self, name, token):
        if self.server.needs_licence:
            self.answer(403 if token else 401, headers={"X-Error-Code": "GatedRepo"})
        elif "lfs" in described(name, b""):
            self.answer(302, headers={"Location": f"/cdn/{name}"})
        else:
            self.send(name)

    def send(self, name):
        if name in self.server.refuses:
            self.answer(503)
            return
        data = self.server.files[name]
        if name in self.server.damaged:
            data = bytes([data[0] ^ 1]) + data[1:]
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
        span = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        cut = self.server.cut_after.pop(name, None)
        if cut is not None and self.server.fails_after_cut:
            self.server.refuses.add(name)
        self.answer(206 if start else 200, data[start:], span, cut)

    def answer(self, status, body=b"", headers=None, cut=None):
        self.send_response(status)
        for key, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body[:cut])
        if cut is not None:
            self.close_connection = True


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A running stand-in that HF_ENDPOINT names; nobody is logged in."""
    from huggingface_hub import constants, file_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1024)  # what arrived before a cut is written
    monkeypatch.setattr(file_download.time, "sleep", lambda seconds: None)  # between its own attempts
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
