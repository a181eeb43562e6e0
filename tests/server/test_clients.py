"""Programs made for ComfyUI, unchanged: they queue a workflow here, follow it, and fetch its picture.

    pip install comfy-cli                                 # on PATH, or beside this Python
    npm install @stable-canvas/comfyui-client ws          # here, or with NODE_PATH=FOLDER/node_modules

Without them the tests are skipped.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from if_graph.graph.api_format import read_api
from if_graph.graph.editor_write import to_editor
from if_graph.graph.schema import Schemas

PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
PAINT = Path(__file__).with_name("paint.cjs")
PACKAGES = ("@stable-canvas/comfyui-client", "ws")


def flow(seed):
    """A workflow of which nothing is cached from another's run."""
    usual = {"prompt": "", "width": 4, "seed": seed, "strength": 1.0, "mode": "gray", "flip": False}
    return {
        "1": {"class_type": "Picture", "inputs": usual},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": f"seed{seed}"}},
    }


def ran(command, folder, **changes):
    """Run a program in a home of its own; return the last line it printed, as JSON."""
    env = os.environ | {"HOME": str(folder), "DO_NOT_TRACK": "1", **changes}
    done = subprocess.run(
        command, env=env, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def comfy(tmp_path):
    program = shutil.which("comfy", path=PATH) or pytest.skip("needs comfy-cli: pip install comfy-cli")
    return lambda *words: ran([program, "--skip-prompt", "--json", *map(str, words)], tmp_path)["data"]


@pytest.fixture
def node(tmp_path):
    program = shutil.which("node") or pytest.skip("needs Node.js: apt-get install nodejs")
    search = os.pathsep.join([str(Path.cwd() / "node_modules"), os.environ.get("NODE_PATH", "")])
    found = f"for (const name of {json.dumps(PACKAGES)}) require.resolve(name)"
    probe = subprocess.run(
        [program, "-e", found], env=os.environ | {"NODE_PATH": search}, capture_output=True, timeout=60
    )
    if probe.returncode:
        pytest.skip(f"needs {' and '.join(PACKAGES)}: npm install, and NODE_PATH if not in ./node_modules")
    return lambda *words: ran([program, *map(str, words)], tmp_path, NODE_PATH=search)


def drawn(prompt, server):
    return to_editor(read_api(prompt), Schemas(server.json("GET", "/object_info")))


@pytest.mark.parametrize(("seed", "is_drawn"), [(901, False), (902, True)], ids=["api", "editor"])
def test_the_official_command_runs_a_workflow_and_fetches_its_picture(
    server, comfy, shared_folder, tmp_path, seed, is_drawn
):
    (tmp_path / "flow.json").write_text(json.dumps(drawn(flow(seed), server) if is_drawn else flow(seed)))
    here = ("--host", "127.0.0.1", "--port", server.port)
    run = comfy("run", "--workflow", "flow.json", *here, "--wait", "--where", "local")
    assert (run["status"], run["executed_node_ids"]) == ("completed", ["1", "2"])
    fetched = comfy("download", run["prompt_id"], "--where", "local", "--out-dir", "got")
    saved = shared_folder / "output" / f"seed{seed}_00001_.png"
    assert [Path(one["path"]).read_bytes() for one in fetched["files"]] == [saved.read_bytes()]


def test_a_javascript_client_runs_a_workflow_and_fetches_its_picture(server, node, shared_folder, tmp_path):
    (tmp_path / "flow.json").write_text(json.dumps(flow(903)))
    told = node(PAINT, f"127.0.0.1:{server.port}", "flow.json", tmp_path)
    assert {"executing", "executed"} <= set(told["seen"])
    saved = shared_folder / "output" / "seed903_00001_.png"
    assert [(tmp_path / name).read_bytes() for name in told["pictures"]] == [saved.read_bytes()]
