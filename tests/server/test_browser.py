"""The official front end in a headless Chromium, on ``if-graph serve`` as a user starts it.

    apt-get install chromium
    pip install -e '.[editor,record]'
    python -m pytest tests/server/test_browser.py --slow [-k NAME]

Networks are tiny and random and pictures half as wide or less, or with IF_GRAPH_FULL_SIZE=1 the bundled
cascade's, for minutes a workflow. With IF_GRAPH_SCREENSHOTS=FOLDER pictures of the editor are kept there.
"""

import os
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES = os.environ.get("IF_GRAPH_SCREENSHOTS")
IS_FULL = bool(os.environ.get("IF_GRAPH_FULL_SIZE"))
LONGEST = 600_000  # ms
PROMPT = "a heart on a yellow background"
READY = "window.app?.api?.clientId && LiteGraph.registered_node_types['IFStageI'] !== undefined"
MISSING = "[data-testid=error-overlay], [data-testid*=missing-node]"
FIELD = """() => {
  const node = app.graph.nodes.find((node) => node.type === "IFEncodeText");
  app.canvas.ds.scale = 1;  // fields are only there at a size at which they can be read
  app.canvas.centerOnNode(node);
  return node.widgets.find((widget) => widget.name === "prompt").element;
}"""
WATCH = """() => {
  window.heard = [];
  for (const name of ["progress", "executed", "execution_success", "execution_error", "b_preview"]) {
    app.api.addEventListener(name, () => heard.push(name));
  }
}"""
FIT = """async () => {  // boxes out of sight load no pictures
  app.canvas.deselectAll();
  await app.extensionManager.command.execute("Comfy.Canvas.FitView");
}"""
SHOWN = """() => app.graph.nodes.filter((node) => node.type === "SaveImage")
  .every((node) => node.imgs?.length && node.imgs.every((image) => image.naturalWidth > 0))"""
BOXES = "app.graph.nodes.map((node) => [node.title, ...node.boundingRect])"
PROMPTS = "app.graph.nodes.filter((n) => n.type === 'IFEncodeText').map((n) => n.widgets[0].value)"
HISTORY = """() => [...document.querySelectorAll("img")]
  .filter((image) => image.src.includes("/api/view?") && image.naturalWidth > 0).length"""
LEGIBLE = """async () => {
  const settings = {"LiteGraph.Canvas.MinFontSizeForLOD": 0, "Comfy.Minimap.Visible": false};
  for (const [id, value] of Object.entries(settings)) await app.extensionManager.setting.set(id, value);
}"""


@pytest.fixture
def browser():
    """A browser with an empty profile, which outlives its pages."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="extra 'record': pip install -e '.[record]'")
    pytest.importorskip("comfyui_frontend_package", reason="extra 'editor': pip install -e '.[editor]'")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_context(locale="en-US", viewport={"width": 1600, "height": 900})
        browser.close()


@pytest.fixture
def start(request, tmp_path):
    """Start the server, again at the same address, and return that; the one before it ends."""
    if not IS_FULL:
        request.getfixturevalue("tiny_cascade")
    servers, ports = [], ["0"]

    def start():
        stop()
        command = [
            sys.executable,
            "-m",
            "if_graph",
            "serve",
            "--no-browser",
            "--no-cache",
            "--port",
            ports[-1],
        ]
        servers.append(subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True))
        address = servers[-1].stdout.readline().strip()
        ports.append(address.rstrip("/").rpartition(":")[2])
        return address

    def stop():
        while servers:
            with servers.pop() as server:  # closes what it wrote to
                server.terminate()

    yield start
    stop()


@pytest.fixture
def errors():
    """What pages said on their console as errors."""
    return []


def opened(browser, address, errors):
    """Return the editor's page once it can be used."""
    page = browser.new_page()
    page.set_default_timeout(LONGEST)
    page.on("console", lambda m: errors.append(f"{m.text} {m.location}") if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address, wait_until="commit")
    page.wait_for_function(READY)
    return page


def open_template(page, name):
    """Choose a workflow in the browser of templates, which opens by itself where there is no other."""
    page.get_by_test_id(f"template-workflow-{name}").click()
    page.wait_for_function("app.graph.nodes.some((node) => node.type.startsWith('IFStage'))")
    assert page.locator(MISSING).count() == 0


def run(page):
    """Queue what is open and return the names of the messages that came."""
    page.evaluate(WATCH)
    page.get_by_test_id("queue-button").click()
    page.wait_for_function("heard.some((one) => one.startsWith('execution_'))")
    return set(page.evaluate("heard"))


def overlapping(page):
    """Pairs of titles of boxes that share a pixel, as the editor draws them now."""

    def share(a, b):
        return all(a[i] < b[i] + b[i + 2] and b[i] < a[i] + a[i + 2] for i in (1, 2))

    return [(a[0], b[0]) for a, b in combinations(page.evaluate(BOXES), 2) if share(a, b)]


def shoot(page, name):
    """Keep a picture of the page where the environment says so."""
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.evaluate(LEGIBLE)
        page.wait_for_timeout(1500)
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def write_prompt(page, tries=5):
    """Type into the prompt's field; moving the canvas may make the editor replace the field meanwhile."""
    from playwright.sync_api import Error as PlaywrightError  # of an extra

    for left in reversed(range(tries)):
        try:
            page.evaluate_handle(FIELD).as_element().fill(PROMPT, timeout=10_000)
        except PlaywrightError:
            if not left:
                raise
            page.wait_for_timeout(500)
        else:
            return


def test_a_shipped_workflow_runs_in_the_editor_and_outlives_a_restart(
    browser, start, errors, shorten_in_editor, painting
):
    page = opened(browser, start(), errors)
    open_template(page, painting)
    if not IS_FULL:
        shorten_in_editor(page)
    write_prompt(page)
    assert {"progress", "b_preview", "executed", "execution_success"} <= run(page)
    page.evaluate(FIT)
    page.wait_for_function(SHOWN)
    shoot(page, painting)
    assert overlapping(page) == []
    page.close()

    page = opened(browser, start(), errors)
    page.wait_for_function(f"({PROMPTS}).includes({PROMPT!r})")
    page.get_by_test_id("assets-tab-button").click()
    page.wait_for_function(f"({HISTORY})() > 0")
    shoot(page, f"{painting}-history")
    assert errors == []
