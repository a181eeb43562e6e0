"""One workflow and seed, three hosts: ComfyUI, our server and the command paint the same pixels.

    python main.py --cpu                       # in ComfyUI, with this clone in custom_nodes/<any name>
    python -m pytest tests/comfyui/test_parity.py --comfyui http://127.0.0.1:8188 [-k NAME]

All three must compute on one kind of device. Pictures are half as wide and take two steps, unless
IF_GRAPH_FULL_SIZE=1. It takes seconds a workflow where IF_GRAPH_MODELS names the same folder of small
networks to ComfyUI and to pytest.
"""

import io
import json
import os
import subprocess
import sys
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image

from if_graph.cli import main
from if_graph.client import Client
from if_graph.graph import load_node_classes, load_workflow

IS_FULL = bool(os.environ.get("IF_GRAPH_FULL_SIZE"))
LONGEST = 3600  # s, of the slowest workflow on one core


@pytest.fixture(scope="module")
def comfyui(address):
    return Client(address)


@pytest.fixture(scope="module")
def ours(address, tmp_path_factory):
    """Our own server, as a user starts it; only where there is a ComfyUI to compare it with."""
    pytest.importorskip("aiohttp", reason="extra 'editor': pip install -e '.[editor]'")
    command = [sys.executable, "-m", "if_graph", "serve", "--port", "0", "--api-only", "--no-cache"]
    folder = tmp_path_factory.mktemp("ours")
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        yield Client(server.stdout.readline().strip())
        server.terminate()


def pixels(data):
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture)


def painted_by(client, workflow):
    """The pictures of a run, in the order of their names, which is that of saving."""
    found = sorted(client.pictures(client.wait(client.queue(workflow), LONGEST)))
    return [pixels(data) for _, data in found]


def painted_by_command(workflow, folder):
    (folder / "flow.json").write_text(json.dumps(workflow))
    assert main(["run", str(folder / "flow.json"), "--out", str(folder), "--quiet", "--no-cache"]) == 0
    return [pixels(path.read_bytes()) for path in sorted(folder.rglob("*.png"))]


def test_three_hosts_paint_the_same_pixels(painting, comfyui, ours, shortened, tmp_path):
    read, classes = load_workflow if IS_FULL else shortened, load_node_classes()
    workflow = read(painting, classes).to_api()
    for node in workflow.values():
        if node["class_type"] == "SaveImage":  # a run that ComfyUI finds done has nothing to show
            node["inputs"]["filename_prefix"] += f"-{uuid4().hex}"
    command = painted_by_command(workflow, tmp_path)
    assert command
    for client in (comfyui, ours):
        found = painted_by(client, workflow)
        assert len(found) == len(command)
        assert all(map(np.array_equal, found, command)), client.address
