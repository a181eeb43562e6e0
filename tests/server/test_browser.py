"""The official front end in a headless Chromium, on ``if-graph serve`` as a user starts it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from if_graph.graph.library import shipped_workflows

pytestmark = pytest.mark.slow
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAINTING = [w.name for w in shipped_workflows() if not w.needs and w.name != "save-embeddings"]
PICTURES = os.environ.get("IF_GRAPH_SCREENSHOTS")
READY = "window.app?.graph && LiteGraph.registered_node_types['IFStageI'] !== undefined"
OPEN = """async (name) => {
  const answer = await fetch(`/api/workflow_templates/if-graph/${name}.json`);
  await app.loadGraphData(await answer.json());
}"""
QUICK = """(prompt) => {
  for (const node of app.graph.nodes) {
    if (node.type === "IFStageIII") node.mode = 4;  // bypassed: a minute at 1024 px on one core
    for (const widget of node.widgets ?? []) {
      if (widget.name === "steps") widget.value = 3;
      if (widget.name === "prompt" || (widget.name === "text" && node.type.startsWith("IFEncode"))) {
        widget.value = prompt;
      }
    }
  }
}"""
LEGIBLE = """async () => {
  const settings = {"LiteGraph.Canvas.MinFontSizeForLOD": 0, "Comfy.Minimap.Visible": false};
  for (const [id, value] of Object.entries(settings)) await app.extensionManager.setting.set(id, value);
  app.canvas.fitViewToSelectionAnimated?.();
}"""
WATCH = """() => {
  window.heard = [];
  for (const name of ["progress", "executed", "execution_success", "execution_error", "b_preview"]) {
    app.api.addEventListener(name, () => heard.push(name));
  }
}"""


@pytest.fixture
def browser():
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="extra 'record': pip install -e '.[record]'")
    pytest.importorskip("comfyui_frontend_package", reason="extra 'editor': pip install -e '.[editor]'")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def start(tmp_path):
    """Start the server in an empty folder and return its address; the one before it ends."""
    servers = []

    def start():
        stop()
        command = [sys.executable, "-m", "if_graph", "serve", "--port", "0", "--no-browser", "--no-cache"]
        server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        servers.append(server)
        return server.stdout.readline().strip()

    def stop():
        while servers:
            with servers.pop() as server:  # closes what it wrote to
                server.terminate()

    yield start
    stop()


def opened(browser, address):
    """Return the editor's page and the list that its errors go to."""
    page, errors = browser.new_page(viewport={"width": 1600, "height": 900}), []
    page.set_default_timeout(300_000)
    page.on("console", lambda m: errors.append(f"{m.text} {m.location}") if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address, wait_until="commit")
    page.wait_for_function(READY)
    return page, errors


@pytest.mark.parametrize("name", PAINTING)
def test_a_shipped_workflow_runs_in_the_editor_and_outlives_a_restart(browser, start, name):
    page, errors = opened(browser, start())
    page.evaluate(OPEN, name)
    page.evaluate(QUICK, "a red ball")
    page.evaluate(WATCH)
    page.evaluate("app.queuePrompt(0)")
    page.wait_for_function("heard.some((one) => one.startsWith('execution_'))")
    heard = page.evaluate("heard")
    shoot(page, name)
    assert {"progress", "b_preview", "executed", "execution_success"} <= set(heard)
    page.close()
    page, more = opened(browser, start())
    jobs = page.evaluate("async () => (await (await fetch('/api/jobs?status=completed')).json()).jobs")
    kind = page.evaluate(
        "async (one) => (await fetch('/api/view?' + new URLSearchParams(one))).headers.get('content-type')",
        {key: jobs[0]["preview_output"][key] for key in ("filename", "subfolder", "type")},
    )
    assert (len(jobs), kind, errors + more) == (1, "image/png", [])


def shoot(page, name):
    """Keep a picture of the page where the environment says so."""
    if PICTURES:
        page.evaluate(LEGIBLE)
        page.wait_for_timeout(1500)
        page.screenshot(path=Path(PICTURES) / f"{name}.png")
