"""The same workflow and seed give the same pixels in the server and in the command, file formats apart."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from if_graph.cli import main
from if_graph.client import Client
from if_graph.graph import load_node_classes
from if_graph.graph.library import shipped_workflows

QUICKEST = "super-resolution"
NAMES = [shipped.name for shipped in shipped_workflows()]


def pixels(file):
    with Image.open(file) as picture:
        return np.asarray(picture)


@pytest.mark.parametrize(
    "name", [name if name == QUICKEST else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
)
@pytest.mark.usefixtures("tiny_cascade")
def test_server_and_command_paint_the_same_pixels(name, make_server, shortened, tmp_path, monkeypatch):
    classes = load_node_classes()
    workflow = shortened(name, classes).to_api()
    (tmp_path / "flow.json").write_text(json.dumps(workflow))
    monkeypatch.chdir(tmp_path)
    assert main(["run", "flow.json", "--out", "by-command", "--quiet", "--no-cache"]) == 0
    client = Client(f"http://127.0.0.1:{make_server(tmp_path, classes=classes).port}")
    served = sorted(client.pictures(client.wait(client.queue(workflow), 300)))
    saved = sorted((tmp_path / "by-command").rglob("*.png"))
    assert [name for name, _ in served] == [path.name for path in saved]
    assert all(
        np.array_equal(pixels(io.BytesIO(one)), pixels(path))
        for (_, one), path in zip(served, saved, strict=True)
    )
