import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image


def opened(path):
    """Return size, pixels and text chunks of a picture."""
    with Image.open(path) as picture:
        return picture.size, picture.tobytes(), {key: json.loads(text) for key, text in picture.info.items()}


def test_run_saves_pictures_and_prints_their_paths(command, save, picture_flow, tmp_path):
    code, out, err = command("run", save(picture_flow), "--out", "made")
    assert (code, out) == (0, "made/cat_00001_.png\n")
    assert opened(tmp_path / "made" / "cat_00001_.png")[0] == (4, 4)
    assert [line.split(":")[0] for line in err.splitlines()] == ["[1/2] Paint", "[2/2] SavePicture"]


def test_a_saved_picture_runs_again_to_the_same_pixels(command, save, picture_flow, tmp_path):
    command("run", save(picture_flow), "--out", "a", "--seed", "5", "--prompt", "a dog")
    code, *_ = command("run", "a/cat_00001_.png", "--out", "b")
    first, second = (opened(tmp_path / folder / "cat_00001_.png") for folder in "ab")
    assert code == 0
    assert first[:2] == second[:2]
    inputs = second[2]["prompt"]["1"]["inputs"]
    assert (inputs["seed"], inputs["prompt"]) == (5, "a dog")


def test_editor_files_run_and_are_embedded_as_edited(command, save, tmp_path):
    drawn = {
        "nodes": [
            {
                "id": 1,
                "type": "Picture",
                "widgets_values": ["", 4, 0, "fixed", 1, "gray", False],
                "outputs": [],
            },
            {
                "id": 2,
                "type": "SavePicture",
                "inputs": [{"name": "images", "link": 1}],
                "widgets_values": ["x"],
            },
        ],
        "links": [[1, 1, 0, 2, 0, "IMAGE"]],
    }
    assert command("run", save(drawn), "--set", "Noise Picture.width=6", "--out", "o")[0] == 0
    chunk = opened(tmp_path / "o" / "x_00001_.png")[2]["workflow"]
    assert chunk["nodes"][0]["widgets_values"] == ["", 6, 0, "fixed", 1, "gray", False]


def test_set_reads_values_by_the_type_of_the_input(command, save, picture_flow, tmp_path):
    changes = ["Paint.flip=true", "1.prompt=7", "Paint.strength=0.5", "1.mode=color", "1.width=3"]
    options = [word for change in changes for word in ("--set", change)]
    assert command("run", save(picture_flow), *options)[0] == 0
    inputs = opened(tmp_path / "output" / "cat_00001_.png")[2]["prompt"]["1"]["inputs"]
    assert inputs == {"flip": True, "prompt": "7", "strength": 0.5, "mode": "color", "width": 3, "seed": 1}


def test_json_reports_what_was_done(command, save, picture_flow):
    code, out, err = command("run", save(picture_flow), "--json", "--quiet")
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert report["images"] == ["output/cat_00001_.png"]
    assert (report["executed"], report["cached"]) == (["1", "2"], [])


@pytest.mark.parametrize(("kind", "code"), [("Fail", 1), ("Refuse", 2)])
def test_a_failing_node_ends_with_one_and_bad_input_with_two(kind, code, command, save):
    flow = {
        "1": {"class_type": kind, "inputs": {"value": 1}},
        "2": {"class_type": "Show", "inputs": {"value": ["1", 0]}},
    }
    answer = command("run", save(flow), "--quiet")
    assert answer[0] == code
    assert answer[2].startswith(f"if-graph: node 1 ({kind}) failed: ")


def test_an_undeclared_input_only_warns(command, save, picture_flow):
    picture_flow["1"]["inputs"]["old"] = 1
    code, _, err = command("validate", save(picture_flow))
    assert code == 0
    assert "node 1 'Paint' (Picture): ignoring unknown input 'old'" in err


def test_validate_counts_what_will_run(command, save, picture_flow):
    picture_flow["9"] = {"class_type": "Number", "inputs": {"value": 1}}
    _, out, _ = command("validate", save(picture_flow))
    assert out == "flow.json: valid, 2 nodes, 1 outputs, 1 more feed none\n"


SLOW_NODE = """
import sys, time
from importlib.metadata import EntryPoint
from types import ModuleType
from if_graph.cli import main
from if_graph.graph import registry
from if_graph.progress import report

class Slow:
    FUNCTION, RETURN_TYPES, OUTPUT_NODE = "run", (), True
    INPUT_TYPES = classmethod(lambda cls: {"required": {}})
    def run(self):
        for step in range(1000):
            print("step", step, flush=True)
            time.sleep(0.02)
            report(step, 1000)

pack = ModuleType("slow_pack")
pack.NODE_CLASS_MAPPINGS = {"Slow": Slow}
sys.modules["slow_pack"] = pack
registry.entry_points = lambda group: [EntryPoint("slow", "slow_pack:NODE_CLASS_MAPPINGS", group)]
sys.exit(main(["run", "flow.json", "--quiet"]))
"""


def test_one_ctrl_c_ends_the_run_within_a_step(save, tmp_path):
    save({"1": {"class_type": "Slow", "inputs": {}}})
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_NODE], cwd=tmp_path, env=environment, text=True, stdout=-1, stderr=-1
    )
    assert process.stdout.readline() == "step 0\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "node 1 (Slow) was stopped at step" in err
    assert "Traceback" not in err
    assert out.count("step") < 100
