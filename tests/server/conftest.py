"""A server with toy classes, in this process, on a port of its own."""

import asyncio
import http.client
import io
import json
import threading
import weakref
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

aiohttp = pytest.importorskip("aiohttp", reason="extra 'editor': pip install -e '.[editor]'")
pytest.importorskip("prometheus_client", reason="extra 'editor': pip install -e '.[editor]'")
pytest.importorskip("psutil", reason="extra 'editor': pip install -e '.[editor]'")

from if_graph_nodes.core import NODE_CLASS_MAPPINGS as CORE  # noqa: E402

from if_graph.folders import Folders  # noqa: E402
from if_graph.graph.registry import NodeClasses  # noqa: E402
from if_graph.progress import report  # noqa: E402
from if_graph.server.app import Setup, make_app  # noqa: E402
from if_graph.server.state import STATE  # noqa: E402


class Hold:
    """Works until it is let go."""

    CATEGORY, FUNCTION, RETURN_TYPES = "toys", "run", ("INT",)
    GO = threading.Event()
    BEGUN = threading.Event()

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0})}}

    def run(self, value):
        go = self.GO  # of the test that began this run: another's is no business of it
        self.BEGUN.set()
        while not go.wait(0.01):
            report(1, 2, Image.new("RGB", (8, 8)))
        return (value,)


class Network:
    """Makes a network that is part of a cycle, as hooks make them."""

    CATEGORY, FUNCTION, RETURN_TYPES = "toys", "run", ("INT",)
    MADE = []
    INPUT_TYPES = classmethod(lambda cls: {"required": {}})

    def run(self):
        network = torch.nn.Identity()
        network.register_forward_pre_hook(lambda *_: network)
        self.MADE.append(weakref.ref(network))
        return (network,)


class Server:
    """A running server, and how to talk to it."""

    def __init__(self, setup):
        self.setup = setup
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._call(self._start())

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _start(self):
        app = make_app(self.setup)
        self.worker = app[STATE].worker
        self._runner = aiohttp.web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await aiohttp.web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    def stop(self):
        if self._loop.is_running():
            self._call(self._runner.cleanup())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    def ask(self, method, path, body=None, **headers):
        """Return status, body and headers; header names have _ for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body, sent = json.dumps(body).encode(), {"Content-Type": "application/json"} | sent
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return SimpleNamespace(status=answer.status, data=data, headers=answer.headers)

    def json(self, method, path, body=None, **headers):
        return json.loads(self.ask(method, path, body, **headers).data)

    def upload(self, data, name, what="image", **fields):
        """Send a form as the editor does."""
        parts = [
            f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()
        ]
        head = f'--b\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
        body = "".join(parts).encode() + head.encode() + data + b"\r\n--b--\r\n"
        return self.ask("POST", f"/upload/{what}", body, Content_Type="multipart/form-data; boundary=b")

    def watch(self, prompt, until="executing", flags=True, during=None, **body):
        """Queue a prompt and return every message up to the end of its run."""
        return asyncio.run(asyncio.wait_for(self._watch(prompt, until, flags, during, body), 60))

    async def _watch(self, prompt, until, flags, during, body):
        messages = []
        url = f"http://127.0.0.1:{self.port}"
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/ws?clientId=me") as socket:
            if flags:
                await socket.send_json({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
            body = {"prompt": prompt, "client_id": "me", **body}
            async with session.post(f"{url}/prompt", json=body) as answer:
                run = (await answer.json())["prompt_id"]
            async for message in socket:
                is_text = message.type is aiohttp.WSMsgType.TEXT
                messages.append(
                    json.loads(message.data) if is_text else {"type": "binary", "data": message.data}
                )
                if during is not None and await asyncio.to_thread(during, messages, run):
                    during = None
                last = messages[-1]
                if last["type"] == until and (until != "executing" or last["data"]["node"] is None):
                    return messages
        raise AssertionError(f"the server hung up after {messages}")


@pytest.fixture(scope="session")
def toys(toy_module):
    return NodeClasses(toy_module.NODE_CLASS_MAPPINGS | CORE | {"Hold": Hold, "Network": Network})


@pytest.fixture(scope="session")
def make_server(toys):
    """Start servers; give them a folder, and what differs from the usual."""
    servers = []

    def make(folder, **changes):
        folders = Folders(folder / "input", folder / "output", folder / "temp")
        for each in (folders.input, folders.output, folders.temp, folder / "home"):
            each.mkdir(exist_ok=True)
        setup = {"classes": toys, "folders": folders, "home": folder / "home"} | changes
        servers.append(Server(Setup(**setup)))
        return servers[-1]

    yield make
    Hold.GO.set()
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def server(make_server, shared_folder):
    """One server for the tests of a file."""
    return make_server(shared_folder)


@pytest.fixture
def hold():
    """The class whose node runs until ``hold.GO`` is set."""
    Hold.GO = threading.Event()  # a new one, so that no run misses its test's end
    Hold.BEGUN.clear()
    yield Hold
    Hold.GO.set()


@pytest.fixture
def networks():
    """Weak references to what ``Network`` nodes have made."""
    return Network.MADE


@pytest.fixture
def png():
    data = io.BytesIO()
    Image.new("RGB", (6, 4), "red").save(data, "PNG")
    return data.getvalue()
