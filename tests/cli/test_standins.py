"""Packs that import a few of ComfyUI's modules load where there is no ComfyUI."""

import subprocess
import sys

import pytest

from if_graph.graph import Executor, load_node_classes
from if_graph.graph.api_format import read_api
from if_graph.graph.events import NodeProgress

PACK = """
from comfy.comfy_types import IO, ComfyNodeABC, InputTypeDict
from comfy.comfy_types.node_typing import CheckLazyMixin
from comfy.utils import ProgressBar
from comfy_execution.graph_utils import ExecutionBlocker, GraphBuilder, is_link
import comfy.utils

class Slow(ComfyNodeABC):
    @classmethod
    def INPUT_TYPES(cls) -> InputTypeDict:
        return {"required": {"value": (IO.INT, {"default": 1})}}
    RETURN_TYPES, FUNCTION, CATEGORY = (IO.INT,), "run", "x"
    def run(self, value):
        bar = comfy.utils.ProgressBar(3)
        for _ in range(3):
            bar.update(1)
        return (value,)

class Twice(Slow):
    def run(self, value):
        graph = GraphBuilder()
        first = graph.node("Slow", value=value)
        second = graph.node("Slow", "end", value=first.out(0))
        assert is_link(second.out(0)) and graph.lookup_node("end") is second
        return {"result": (second.out(0),), "expand": graph.finalize()}

class Stop(Slow):
    def run(self, value):
        return (ExecutionBlocker(None),)

class Keep(Slow):
    OUTPUT_NODE, RETURN_TYPES, seen = True, (), []
    def run(self, value):
        self.seen.append(value)
        return {"ui": {}}

NODE_CLASS_MAPPINGS = {"Slow": Slow, "Twice": Twice, "Stop": Stop, "Keep": Keep}
"""


@pytest.fixture
def classes(tmp_path):
    (tmp_path / "pack.py").write_text(PACK)
    return load_node_classes([tmp_path / "pack.py"])


def flow(*between):
    chain = [*between, "Keep"]
    nodes = {
        str(i): {"class_type": kind, "inputs": {"value": [str(i - 1), 0] if i else 4}}
        for i, kind in enumerate(chain)
    }
    return read_api(nodes)


def test_its_progress_bar_reports_to_the_host(classes):
    events = []
    Executor(classes).run(flow("Slow"), events.append)
    told = [(event.done, event.total) for event in events if isinstance(event, NodeProgress)]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_its_sub_graph_runs(classes):
    Executor(classes).run(flow("Twice", "Twice"))
    assert classes["Keep"].seen == [4]


def test_its_blocker_blocks(classes):
    Executor(classes).run(flow("Stop"))
    assert classes["Keep"].seen == []


def test_what_there_is_no_stand_in_for_is_said_by_name(tmp_path, caplog):
    (tmp_path / "inner.py").write_text("import comfy.sd")
    load_node_classes([tmp_path / "inner.py"])
    assert "inner.py cannot be loaded: ModuleNotFoundError: No module named 'comfy.sd'" in caplog.text


def test_a_comfyui_on_the_path_is_left_alone(tmp_path):
    (tmp_path / "comfy").mkdir()
    (tmp_path / "comfy" / "model_management.py").touch()
    code = f"""if True:
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        from if_graph.graph.standins import stand_in
        stand_in()
        import comfy
        assert list(comfy.__path__) == [{str(tmp_path / "comfy")!r}]"""
    subprocess.run([sys.executable, "-c", code], check=True)
