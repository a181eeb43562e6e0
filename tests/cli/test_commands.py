import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from if_graph import __version__
from if_graph.cli import COMMANDS
from if_graph.cli.progress import ProgressLines
from if_graph.graph import registry
from if_graph.graph.events import NodeFinished, NodeProgress, NodeStarted, RunFinished, RunStarted


def test_help_does_not_wait_for_torch():
    code = "import sys; from if_graph.cli import main; main(['--help']); sys.exit('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name, command):
    code, out, _ = command(name, "--help")
    assert code == 0
    assert out.startswith(f"usage: if-graph {name}")


def test_version_is_the_packages(command):
    assert command("--version") == (0, f"if-graph {__version__}\n", "")


def test_an_unknown_command_is_refused(command):
    code, _, err = command("paint")
    assert code == 2
    assert "invalid choice: 'paint'" in err


def test_nodes_lists_every_class(command, toy_module):
    code, out, _ = command("nodes")
    assert code == 0
    assert {line.split()[0] for line in out.splitlines()} == set(toy_module.NODE_CLASS_MAPPINGS)


def test_nodes_json_is_object_info(command):
    entry = json.loads(command("nodes", "--json")[1])["Picture"]
    assert entry["input"]["required"]["mode"] == [["gray", "color"], {"default": "color"}]
    assert entry["input_order"]["required"] == ["prompt", "width", "seed", "strength", "mode", "flip"]
    assert (entry["output"], entry["output_name"], entry["output_is_list"]) == (["IMAGE"], ["IMAGE"], [False])
    assert (entry["display_name"], entry["category"], entry["output_node"]) == (
        "Noise Picture",
        "toys",
        False,
    )


def test_nodes_markdown_has_a_row_for_every_input(command):
    page = command("nodes", "--markdown")[1]
    assert "### Noise Picture (`Picture`)" in page
    assert "| `value` | INT | `0` | -1000 to 1000 | the \\| number |" in page
    assert "| `mode` | COMBO | `'color'` | `gray`, `color` |  |" in page


def test_info_names_engine_and_libraries(command):
    code, out, _ = command("info")
    assert code == 0
    for word in (__version__, str(Path("if_graph")), "python", "torch", "device"):
        assert word in out


def test_without_node_classes_the_cure_is_named(command, save, picture_flow, monkeypatch):
    monkeypatch.setattr(registry, "entry_points", lambda group: [])
    code, _, err = command("run", save(picture_flow))
    assert code == 2
    assert "no node classes are installed" in err
    assert "pip install -e ." in err


def test_a_broken_pack_does_not_hide_the_others(command, monkeypatch):
    packs = [*registry.entry_points(registry.GROUP), EntryPoint("bad", "no_such_pack:X", registry.GROUP)]
    monkeypatch.setattr(registry, "entry_points", lambda group: packs)
    code, out, err = command("nodes")
    assert code == 0
    assert "Picture" in out
    assert "node pack 'bad' (no_such_pack:X) cannot be loaded: No module named 'no_such_pack'" in err


class Terminal(list):
    write, isatty, flush = list.append, lambda self: True, lambda self: None


def test_a_terminal_sees_each_step_with_the_time_left():
    screen = Terminal()
    lines = ProgressLines(screen)
    for event in (
        RunStarted(("1",), ()),
        NodeStarted("1", "Stage I", "Stage"),
        NodeProgress("1", "Stage I", 1, 4),
        NodeFinished("1", "Stage I", 83.0),
        RunFinished(83.0),
    ):
        lines(event)
    assert screen[0] == "[1/1] Stage I\r"
    assert screen[1].startswith("[1/1] Stage I: step 1/4, ")
    assert screen[1].endswith(" left\r")
    assert screen[2].rstrip(" \n") == "[1/1] Stage I: 1 min 23 s"
