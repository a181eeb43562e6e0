import io
import json
from pathlib import Path

import pytest
from PIL import Image

FOLDER = Path(__file__).parents[1] / "graph" / "conversion"


def test_there_and_back_is_the_same(command, save, picture_flow, tmp_path):
    picture_flow["2"]["_meta"] = {"title": "SavePicture"}
    assert command("convert", save(picture_flow), "drawn.json", "--to", "editor") == (0, "", "")
    code, out, _ = command("convert", "drawn.json", "-", "--to", "api")
    assert (code, json.loads(out)) == (0, picture_flow)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawn.json", "flow.json"]


def test_classes_that_are_not_installed_may_be_described(command, tmp_path):
    options = ("--to", "api", "--object-info", FOLDER / "object_info.json")
    code, out, _ = command("convert", FOLDER / "reroute_node.ui.json", "-", *options)
    sent = json.loads((FOLDER / "reroute_node.api.json").read_text())
    assert code == 0
    assert {i: node["inputs"] for i, node in json.loads(out).items()} == {
        i: node["inputs"] for i, node in sent.items()
    }


def test_missing_classes_are_named_together_with_their_packs(command, save, tmp_path):
    boxes = [
        ("A", {"cnr_id": "pack-a"}),
        ("B", {"aux_id": "x/pack-b"}),
        ("C", {}),
        ("D", {"cnr_id": "pack-a"}),
    ]
    nodes = [{"id": i, "type": kind, "properties": p} for i, (kind, p) in enumerate(boxes)]
    code, _, err = command("convert", save({"nodes": nodes, "links": []}), "out.json", "--to", "api")
    assert code == 2
    assert "'A', 'D' from the pack 'pack-a'; 'B' from the pack 'x/pack-b'; 'C'" in err
    assert not (tmp_path / "out.json").exists()


def test_one_missing_class_is_named_with_its_pack(command, save):
    node = {"id": 7, "type": "Pictur", "properties": {"cnr_id": "pack-a"}}
    code, _, err = command("convert", save({"nodes": [node], "links": []}), "out.json", "--to", "api")
    assert code == 2
    assert "node 7 (Pictur): there is no node class 'Pictur', which the file says comes from" in err
    assert "the pack 'pack-a'; install what is missing, or load it with --nodes PATH" in err


@pytest.mark.parametrize("info", ["[]", "{", "nowhere"])
def test_a_bad_description_is_refused(command, save, picture_flow, info):
    name = save(info, "info.json") if info != "nowhere" else "nowhere.json"
    code, _, err = command("convert", save(picture_flow), "o.json", "--to", "api", "--object-info", name)
    assert code == 2
    assert err.count("\n") == 1


def webp(**texts):
    exif, file = Image.Exif(), io.BytesIO()
    for tag, (key, value) in zip((0x0110, 0x010F), texts.items(), strict=False):
        exif[tag] = f"{key}:{json.dumps(value)}"
    Image.new("RGB", (2, 2)).save(file, "WEBP", exif=exif)
    return file.getvalue()


def test_a_webp_picture_carries_its_workflow(command, picture_flow, tmp_path):
    (tmp_path / "made.webp").write_bytes(webp(prompt=picture_flow, workflow={"nodes": [], "links": []}))
    assert command("run", "made.webp", "--quiet")[1] == "output/cat_00001_.png\n"


def test_a_webp_picture_without_one_is_refused(command, tmp_path):
    (tmp_path / "made.webp").write_bytes(webp())
    code, _, err = command("run", "made.webp")
    assert code == 2
    assert "made.webp carries no workflow; expected a WebP with 'prompt:'" in err
