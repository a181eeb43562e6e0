"""The clone in ``custom_nodes``: any folder name, beside ComfyUI's ``nodes`` and an installed if-graph."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from if_graph.cli import main

ROOT = Path(__file__).parents[2]
LOADER = """
import importlib.util, json, sys, types, warnings
from pathlib import Path
warnings.simplefilter("error")
sys.modules["nodes"] = theirs = types.ModuleType("nodes")
path_before, told = list(sys.path), {}
for folder in sorted(Path(sys.argv[1]).iterdir()):
    name = str(folder).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py")
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    web = (folder / module.WEB_DIRECTORY).resolve()
    told[folder.name] = [sorted(module.NODE_CLASS_MAPPINGS), (web / "docs").is_dir()]
assert sys.modules["nodes"] is theirs and sys.path == path_before
assert "if_graph_nodes" not in sys.modules
print(json.dumps(told))
"""


def test_it_loads_without_a_word_under_any_folder_name(tmp_path):
    names = ["if-graph", "if.graph v1.0", "my if graph"]
    for name in names:
        (tmp_path / name).symlink_to(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", LOADER, tmp_path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert list(told) == sorted(names)
    assert all(has_docs and "IFStageI" in classes for classes, has_docs in told.values())


def test_help_pages_are_what_the_command_writes(tmp_path):
    main(["nodes", "--pages", str(tmp_path)])
    made = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text("utf-8") for path in (ROOT / "web" / "docs").iterdir()}


def test_the_english_texts_are_what_the_command_prints(capsys):
    main(["nodes", "--texts"])
    assert (ROOT / "locales" / "en" / "nodeDefs.json").read_text("utf-8") == capsys.readouterr().out


@pytest.mark.parametrize(
    "path", sorted((ROOT / "locales").glob("*/*.json")), ids=lambda path: path.parent.name
)
def test_translations_name_only_what_there_is(path):
    english = json.loads((ROOT / "locales" / "en" / "nodeDefs.json").read_text("utf-8"))
    texts = json.loads(path.read_text("utf-8"))
    assert texts.keys() == english.keys()
    for name, words in texts.items():
        assert words["display_name"]
        assert words["description"]
        assert words.get("inputs", {}).keys() <= english[name]["inputs"].keys()
