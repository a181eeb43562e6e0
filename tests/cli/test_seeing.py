import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def test_show_marks_what_a_cache_holds_and_what_a_run_took(command, save, picture_flow):
    name = save(picture_flow)
    assert command("run", name, "--quiet", "--cache", "kept", "--trace", "run.json")[0] == 0
    head = command("show", name, "--cache", "kept")[1].splitlines()[0]
    assert head == "  0  1 Paint (Picture)  [cached]"
    heads = [line for line in command("show", name, "--trace", "run.json")[1].splitlines() if "[" in line]
    assert len(heads) == 2
    assert all(" s, " in line and "iB]" in line for line in heads)
    assert "[cached]" not in command("show", name, "--cache", "kept", "--seed", "9")[1]


def test_show_makes_no_cache_where_there_is_none(command, save, picture_flow):
    code, _, err = command("show", save(picture_flow), "--cache", "none")
    assert code == 0
    assert "no node is marked as cached" in err
    assert not Path("none").exists()


@pytest.mark.parametrize(
    ("name", "start"), [("a.svg", b"<svg "), ("a.png", b"\x89PNG"), ("a.mmd", b"flowchart LR"), ("a", b"  0")]
)
def test_the_form_follows_the_name_of_the_file(name, start, command, save, picture_flow):
    assert command("show", save(picture_flow), "--out", name) == (0, "", "")
    assert Path(name).read_bytes().startswith(start)


def test_show_never_writes_over_the_workflow(command, save, picture_flow):
    name = save(picture_flow)
    before = Path(name).read_bytes()
    code, _, err = command("show", name, "--to", "svg", "--out", f"./{name}")
    assert (code, Path(name).read_bytes()) == (2, before)
    assert "is the workflow itself" in err


def test_a_png_needs_a_file(command, save, picture_flow):
    code, _, err = command("show", save(picture_flow), "--to", "png")
    assert (code, err) == (2, "if-graph: a PNG needs a file; add --out FILE\n")


def test_a_workflow_of_missing_classes_is_drawn_all_the_same(command, save):
    flow = {"1": {"class_type": "Far", "inputs": {"x": 1}}}
    assert command("show", save(flow)) == (0, "  0  1 Far\n       x: 1\n", "")


@pytest.mark.parametrize("data", ["[]", "{}", '{"traceEvents": [{"cat": "node", "args": {}}]}', "x"])
def test_what_is_no_trace_is_refused(data, command, save, picture_flow):
    code, _, err = command("show", save(picture_flow), "--trace", save(data, "trace.json"))
    assert code == 2
    assert err.startswith("if-graph: trace.json cannot be read as a trace")


def test_the_trace_of_another_workflow_is_refused(command, save, picture_flow):
    command("run", save(picture_flow), "--quiet", "--trace", "run.json")
    other = save({"9": picture_flow["1"]}, "other.json")
    assert "the trace of another workflow" in command("show", other, "--trace", "run.json")[2]


def test_a_trace_that_cannot_be_written_costs_no_work(command, save, picture_flow, toy_module):
    code, _, err = command("run", save(picture_flow), "--trace", "nowhere/run.json")
    assert (code, toy_module.CALLS) == (2, [])
    assert err.startswith("if-graph: --trace: nowhere/run.json cannot be written")


def test_a_run_that_fails_leaves_its_trace_and_one_that_never_began_leaves_none(command, save):
    flow = {
        "1": {"class_type": "Fail", "inputs": {"value": 1}},
        "2": {"class_type": "Show", "inputs": {"value": ["1", 0]}},
    }
    assert command("run", save(flow), "--quiet", "--trace", "a.json")[0] == 1
    events = json.loads(Path("a.json").read_text())["traceEvents"]
    assert any("failed" in event.get("args", {}) for event in events)
    assert command("run", save(flow | {"3": {"class_type": "Lost"}}), "--quiet", "--trace", "b.json")[0] == 2
    assert not Path("b.json").exists()


def test_diff_ends_with_zero_one_or_two_as_diff_does(command, save, picture_flow):
    first = save(picture_flow, "a.json")
    picture_flow["1"]["inputs"]["seed"] = 2
    second = save(picture_flow, "b.json")
    assert command("diff", first, first) == (0, "the workflows are the same\n", "")
    line = "~ node 1 'Paint' (Picture): constant seed: 1 -> 2\n"
    assert command("diff", first, second) == (1, line, "")
    assert command("diff", first, "lost.json")[0] == 2


def test_diff_prints_json(command, save, picture_flow):
    first = save(picture_flow, "a.json")
    del picture_flow["2"]
    picture_flow["1"]["inputs"]["mode"] = "color"
    code, out, _ = command("diff", first, save(picture_flow, "b.json"), "--json")
    found = json.loads(out)
    assert (code, found["same"], found["removed"], found["added"]) == (1, False, ["node 2 (SavePicture)"], [])
    assert found["changes"][0] | {"node": ""} == {
        **{"node": "", "kind": "constant", "name": "mode"},
        **{"before": '"gray"', "after": '"color"'},
    }


def test_diff_of_pictures_compares_workflows_and_pixels(command, save, picture_flow):
    for folder in "ab":
        command("run", save(picture_flow), "--quiet", "--out", folder)
    a, b = (f"{folder}/cat_00001_.png" for folder in "ab")
    assert command("diff", a, b) == (0, "the workflows are the same\nthe pixels are equal\n", "")
    with Image.open(b) as picture:
        pixels, info = np.array(picture), picture.info
    pixels[0, 0, 0] ^= 8
    Image.fromarray(pixels).save(b, pnginfo=_texts(info))
    code, out, _ = command("diff", a, b)
    assert code == 1
    assert out.splitlines()[1] == f"the pixels differ by at most 8, on average by {8 / 48:.4g} (of 255)"


def test_diff_of_pictures_of_different_sizes_says_so(command, save, picture_flow):
    name = save(picture_flow)
    command("run", name, "--quiet", "--out", "a")
    command("run", name, "--quiet", "--out", "b", "--set", "1.width=5")
    code, out, _ = command("diff", "a/cat_00001_.png", "b/cat_00001_.png")
    assert code == 1
    assert out.endswith("the pictures are of different sizes: 4 x 4 and 5 x 5 pixels\n")


def _texts(info):
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    for key, text in info.items():
        texts.add_text(key, text)
    return texts
