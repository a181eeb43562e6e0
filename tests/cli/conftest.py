"""A registry with toy classes only, and a folder to run in."""

import json
from importlib.metadata import EntryPoint

import pytest

from if_graph.cli import main
from if_graph.graph import registry


@pytest.fixture
def command(toy_module, tmp_path, monkeypatch, capsys):
    """Run ``if-graph`` in an empty folder with toy classes only: (exit code, stdout, stderr)."""
    toys = EntryPoint("toys", "if_graph_toys:NODE_CLASS_MAPPINGS", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [toys])
    monkeypatch.chdir(tmp_path)
    toy_module.CALLS.clear()

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def save(tmp_path):
    """Write a workflow file and return its name."""

    def save(data, name="flow.json"):
        (tmp_path / name).write_text(data if isinstance(data, str) else json.dumps(data))
        return name

    return save


@pytest.fixture
def picture_flow():
    inputs = {"prompt": "a cat", "width": 4, "seed": 1, "strength": 1.0, "mode": "gray", "flip": False}
    return {
        "1": {"class_type": "Picture", "inputs": inputs, "_meta": {"title": "Paint"}},
        "2": {"class_type": "SavePicture", "inputs": {"images": ["1", 0], "filename_prefix": "cat"}},
    }
