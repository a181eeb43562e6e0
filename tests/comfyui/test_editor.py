"""The pack in a real ComfyUI: every shipped workflow, from the template browser to its picture.

    python main.py --cpu                       # in ComfyUI, with this clone in custom_nodes/<any name>
    python -m pytest tests/comfyui --comfyui http://127.0.0.1:8188

Pictures are half as wide or less and take two steps, unless IF_GRAPH_FULL_SIZE=1: several minutes a
workflow on a CPU. It takes seconds where IF_GRAPH_MODELS names the same folder of small networks to ComfyUI
and to pytest.
"""

import io
import json
import os
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlencode

import numpy as np
import pytest
from PIL import Image

from if_graph.cli import main

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted(path.stem for path in (ROOT / "workflows").glob("*.json"))
MISSING = "[class*=missing-nodes], [data-testid*=missing-node], .comfy-missing-nodes"
IS_FULL = bool(os.environ.get("IF_GRAPH_FULL_SIZE"))
LONGEST = 1_200_000  # ms, of the slowest workflow on one core


def fetched(address, path):
    with urllib.request.urlopen(address + path, timeout=60) as reply:
        return reply.read()


def our_pack(address):
    """The folder under which ComfyUI has loaded this pack."""
    info = json.loads(fetched(address, "/object_info/IFStageI"))
    return info["IFStageI"]["python_module"].removeprefix("custom_nodes.")


def open_template(page, pack, name):
    """Open a workflow the way its card in the template browser does."""
    page.evaluate(
        """async ([pack, name]) => {
            const url = `/api/workflow_templates/${encodeURIComponent(pack)}/${encodeURIComponent(name)}.json`
            const graph = await (await fetch(url)).json()
            await app.loadGraphData(graph, true, true, name)
        }""",
        [pack, name],
    )
    page.wait_for_function("app.graph.nodes.length > 0")


def is_preview(frame):
    return isinstance(frame, bytes) and frame[:4] in (b"\x00\x00\x00\x01", b"\x00\x00\x00\x04")


def events(page):
    return [json.loads(frame) for frame in page.received if isinstance(frame, str)]


def queue_and_wait(page, *ends):
    """Queue the open workflow; return the first event of its run that is one of ``ends``."""
    page.received.clear()
    page.evaluate("app.queuePrompt(0)")
    for _ in range(LONGEST // 100):
        for event in events(page):
            if event["type"] in ends:
                return event
        page.wait_for_timeout(100)
    pytest.fail(f"no {' or '.join(ends)} within {LONGEST // 1000} s")


def saved_pictures(page):
    """What the run's output nodes told of files, last one last."""
    told = [event["data"]["output"] or {} for event in events(page) if event["type"] == "executed"]
    return [entry for output in told for entry in output.get("images", []) if entry["type"] == "output"]


def same_pixels(one, other):
    with Image.open(one) as first, Image.open(other) as second:
        return np.array_equal(np.asarray(first), np.asarray(second))


def test_every_workflow_is_listed_as_a_template_with_its_picture(address):
    pack = our_pack(address)
    assert sorted(json.loads(fetched(address, "/api/workflow_templates"))[pack]) == WORKFLOWS
    quoted = quote(pack)
    for name in WORKFLOWS:
        picture = fetched(address, f"/api/workflow_templates/{quoted}/{name}.jpg")
        assert Image.open(io.BytesIO(picture)).format == "JPEG"


def test_help_pages_and_looks_are_served(address, editor):
    page = fetched(address, f"/extensions/{quote(our_pack(address))}/docs/IFStageI.md")
    assert page.decode() == (ROOT / "web" / "docs" / "IFStageI.md").read_text("utf-8")
    colour = editor.evaluate("const node = LiteGraph.createNode('IFStageI'); app.graph.add(node); node.color")
    assert colour == "#222233"


def test_it_runs_and_its_picture_repeats_headless(
    painting, address, editor, shorten_in_editor, tmp_path, monkeypatch
):
    open_template(editor, our_pack(address), painting)
    if not IS_FULL:
        shorten_in_editor(editor)
    assert editor.locator(MISSING).count() == 0
    end = queue_and_wait(editor, "execution_success", "execution_error")
    assert end["type"] == "execution_success", end
    assert any(is_preview(frame) for frame in editor.received)
    assert editor.said == []
    entry = saved_pictures(editor)[-1]
    (tmp_path / "there.png").write_bytes(fetched(address, f"/view?{urlencode(entry)}"))
    monkeypatch.chdir(tmp_path)
    assert main(["run", "there.png", "--out", "out", "--quiet"]) == 0
    assert any(same_pixels(tmp_path / "there.png", path) for path in (tmp_path / "out").rglob("*.png"))


def test_interrupt_stops_a_stage_within_a_step(address, editor):
    open_template(editor, our_pack(address), "super-resolution")
    editor.evaluate("app.graph.nodes.filter(n => n.widgets).forEach(n => n.widgets.forEach("
                    "w => { if (w.name === 'seed') w.value = Date.now() % 1e9 }))")  # fmt: skip
    first = queue_and_wait(editor, "progress")
    editor.evaluate("fetch('/api/interrupt', {method: 'POST'})")
    before = len(editor.received)
    while not (ended := [e for e in events(editor) if e["type"].startswith("execution_i")]):
        editor.wait_for_timeout(50)
    steps = [json.loads(frame) for frame in editor.received[before:] if isinstance(frame, str)]
    assert ended
    assert sum(event["type"] == "progress" for event in steps) <= 2, first
