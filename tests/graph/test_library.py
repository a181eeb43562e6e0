"""From a shipped name to a tensor, with packages made for the test."""

import json
from importlib.metadata import EntryPoint

import pytest

from if_graph.cli import main
from if_graph.errors import WorkflowError
from if_graph.graph import Executor, load_node_classes, load_workflow, registry
from if_graph.graph.library import shipped_workflows

DRAWN = {
    "nodes": [
        {
            "id": 5,
            "type": "Picture",
            "title": "Prompt",
            "widgets_values": ["", 4, 0, "fixed", 1, "gray", False],
        },
        {"id": 6, "type": "Show", "inputs": [{"name": "value", "type": "*", "link": 1}]},
        {"id": 7, "type": "MarkdownNote", "widgets_values": ["\n# Paints noise\nand more"]},
    ],
    "links": [[1, 5, 0, 6, 0, "IMAGE"]],
}


@pytest.fixture
def installed(toy_module, tmp_path, monkeypatch):
    """Toy nodes and a folder of workflows, as if they came with the package."""
    toys = EntryPoint("toys", "if_graph_toys:NODE_CLASS_MAPPINGS", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [toys])
    package = tmp_path / "toy_workflows"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "noise.json").write_text(json.dumps(DRAWN))
    extra = {"description": "Paints.", "needs": "a brush"}
    (package / "described.json").write_text(json.dumps(DRAWN | {"extra": extra}))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("if_graph.graph.library.PACKAGE", "toy_workflows")


@pytest.mark.usefixtures("installed")
def test_a_script_loads_edits_and_runs_a_shipped_workflow():
    workflow = load_workflow("noise").with_input("Prompt", "prompt", "a cat").with_input("5", "width", 7)
    result = Executor(load_node_classes()).run(workflow)
    assert result.outputs["5"][0].shape == (1, 7, 7, 3)


@pytest.mark.usefixtures("installed")
def test_shipped_workflows_say_what_they_do_and_need():
    assert [(w.name, w.description, w.needs) for w in shipped_workflows()] == [
        ("described", "Paints.", "a brush"),
        ("noise", "Paints noise", ""),
    ]


@pytest.mark.usefixtures("installed")
def test_the_list_of_workflows_says_what_they_need(capsys):
    assert main(["workflows"]) == 0
    assert capsys.readouterr().out == "described  Paints. Needs a brush.\nnoise      Paints noise\n"


@pytest.mark.usefixtures("installed")
def test_an_unknown_name_suggests_a_shipped_one():
    with pytest.raises(
        WorkflowError, match="no file or shipped workflow is called 'nose'; did you mean 'noise'"
    ):
        load_workflow("nose")


@pytest.mark.usefixtures("installed")
def test_the_registry_brings_display_names():
    assert load_node_classes().display_names == {"Picture": "Noise Picture"}


def test_of_two_packs_with_one_name_the_later_wins_and_says_so(toy_module, caplog):
    found = registry.NodeClasses(toy_module.NODE_CLASS_MAPPINGS)
    found.add({"Number": toy_module.Add}, {})
    assert found["Number"] is toy_module.Add
    assert "node class Number is defined twice" in caplog.text


def test_a_class_that_cannot_describe_itself_is_named():
    broken = type("Broken", (), {"INPUT_TYPES": classmethod(lambda cls: 1 / 0)})
    with pytest.raises(WorkflowError, match="node class Broken: INPUT_TYPES failed with ZeroDivisionError"):
        load_workflow({"nodes": [{"id": 1, "type": "Broken"}], "links": []}, {"Broken": broken})
