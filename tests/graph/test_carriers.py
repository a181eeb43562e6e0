import io
import json

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from if_graph.errors import WorkflowError
from if_graph.graph import carriers
from if_graph.graph.carriers import read_carrier
from if_graph.graph.load import load_workflow

API = {"1": {"class_type": "Number", "inputs": {"value": 3}, "_meta": {"title": "It"}}}
DRAWN = {"nodes": [{"id": 1, "type": "Number", "widgets_values": [3], "title": "It"}], "links": []}


def png(compressed=False, **chunks):
    texts, file = PngInfo(), io.BytesIO()
    for key, value in chunks.items():
        texts.add_itxt(key, value, zip=True) if compressed else texts.add_text(key, value)
    Image.new("RGB", (2, 2)).save(file, "PNG", pnginfo=texts)
    return file.getvalue()


@pytest.mark.parametrize("compressed", [False, True], ids=["tEXt", "iTXt"])
def test_a_picture_runs_its_prompt_and_keeps_its_drawing(tmp_path, classes, compressed):
    path = tmp_path / "made.png"
    path.write_bytes(png(compressed, prompt=json.dumps(API), workflow=json.dumps(DRAWN)))
    workflow = load_workflow(path, classes).with_input("It", "value", 4)
    assert workflow.to_api()["1"]["inputs"] == {"value": 4}
    assert workflow.editor["nodes"][0]["widgets_values"] == [4]


def test_a_picture_with_only_a_drawing_runs_too(tmp_path, classes):
    path = tmp_path / "made.png"
    path.write_bytes(png(workflow=json.dumps(DRAWN)))
    assert load_workflow(str(path), classes).to_api() == API


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "x is not a workflow: Expecting property name"),
        (b"", "x is not a workflow: Expecting value"),
        (b"\xff\xfe\x00", "x is not a workflow: 'utf-8' codec"),
        (b"[1]", "x holds a list, expected an object"),
        (b"[" * 100_000, "x is not a workflow: it is nested too deeply"),
        (png(), "x carries no workflow"),
        (png(prompt="{"), "the 'prompt' chunk of x is not a workflow"),
        (png()[:40], "x is no PNG that can be read"),
    ],
)
def test_a_file_that_holds_no_workflow_says_why(data, message):
    with pytest.raises(WorkflowError, match=message):
        read_carrier(data, "x")


def test_a_file_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(carriers, "LARGEST_JSON", 2**20)
    with pytest.raises(WorkflowError, match="x holds 2 MiB of JSON, expected at most 1 MiB"):
        read_carrier(b" " * 2**21, "x")


def test_a_byte_order_mark_does_no_harm():
    assert read_carrier(b"\xef\xbb\xbf{}", "x").graph == {}
