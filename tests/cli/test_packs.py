"""``--nodes``: packs in folders, loaded as ComfyUI loads them."""

import sys

import pytest

PACK = """
from .nodes import Twice
NODE_CLASS_MAPPINGS = {"Twice": Twice}
NODE_DISPLAY_NAME_MAPPINGS = {"Twice": "Times Two"}
"""
NODES = """
class Twice:
    '''Doubles.'''
    FUNCTION, RETURN_TYPES, CATEGORY, DESCRIPTION = "run", ("INT",), "x", __doc__
    INPUT_TYPES = classmethod(lambda cls: {"required": {"value": ("INT", {"default": 1})}})
    def run(self, value):
        return (2 * value,)
"""


@pytest.fixture
def pack(tmp_path):
    folder = tmp_path / "my-pack.v2"
    folder.mkdir()
    (folder / "__init__.py").write_text(PACK)
    (folder / "nodes.py").write_text(NODES)
    return folder


FLOW = {
    "1": {"class_type": "Twice", "inputs": {"value": 4}},
    "2": {"class_type": "Show", "inputs": {"value": ["1", 0]}},
}


def test_a_workflow_uses_another_packs_nodes(command, save, pack):
    before = list(sys.path)
    assert command("run", save(FLOW), "--nodes", pack, "--quiet") == (0, "", "")
    assert command("validate", "flow.json", "--nodes", pack)[0] == 0
    assert "Twice" in command("nodes", "--nodes", pack)[1]
    assert sys.path == before


@pytest.mark.parametrize("text", ["import no_such_module_here", "1 / 0", "x = 1", "import sys; sys.exit(3)"])
def test_a_broken_pack_is_said_and_the_rest_goes_on(command, save, pack, tmp_path, text):
    (tmp_path / "broken.py").write_text(text)
    code, _, err = command("run", save(FLOW), "--nodes", tmp_path / "broken.py", "--nodes", pack, "--quiet")
    assert code == 0
    assert "broken.py cannot be loaded: " in err


def test_a_pack_that_is_not_there_is_said(command, tmp_path):
    code, _, err = command("nodes", "--nodes", tmp_path / "nowhere")
    assert code == 0
    assert "node pack" in err
    assert "nowhere cannot be loaded" in err
