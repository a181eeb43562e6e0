"""Documents that cannot lie: commands, Python blocks and the node reference are checked."""

import json
import re
from pathlib import Path

import pytest

from if_graph.cli import main
from if_graph.graph import load_node_classes, load_workflow
from if_graph.graph.dag import build_dag
from if_graph.graph.library import shipped_workflows

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_gives_exactly_two_commands_and_pins_both():
    commands = re.findall(r"```sh\n(.*?)```", README, re.S)
    assert len(commands) == 2
    assert all("-c constraints.txt" in command and command.count("\n") == 1 for command in commands)
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text()


def test_the_readmes_python_block_asks_for_what_there_is():
    block = re.search(r"```python\n(.*?)```", README, re.S)[1]
    scope = {}
    exec(block.split("result =")[0], scope)  # the rest paints, which test_txt2img does at small sizes
    build_dag(scope["workflow"], load_node_classes())
    assert scope["stage_3"] in scope["workflow"].nodes


def test_the_node_reference_is_what_the_command_prints(capsys):
    main(["nodes", "--markdown"])
    assert (ROOT / "docs" / "nodes.md").read_text(encoding="utf-8") == capsys.readouterr().out


@pytest.mark.parametrize("path", sorted((ROOT / "workflows").glob("*.json")), ids=lambda path: path.stem)
def test_shipped_workflows_say_what_they_are_for(path):
    assert json.loads(path.read_text(encoding="utf-8"))["extra"]["description"]
    assert load_workflow(path.stem).editor is not None


def test_the_list_of_workflows_has_a_row_and_a_picture_for_each():
    rows = (ROOT / "docs" / "workflows.md").read_text(encoding="utf-8")
    for shipped in shipped_workflows():
        needs = f" Needs {shipped.needs}." if shipped.needs else ""
        assert f"| `{shipped.name}` | {shipped.description}{needs} |" in rows
        assert (ROOT / "workflows" / f"{shipped.name}.jpg").stat().st_size < 32_000


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_links_in_the_readme_lead_somewhere(link):
    assert (ROOT / link).exists()
