"""Record what ComfyUI's own front end sends for editor files, with a headless Chromium.

    apt-get install chromium
    pip install -e '.[record]'
    python tests/graph/conversion/record.py [NAME ...]

Draws the graphs of ``cases.js`` in the editor and saves them as NAME.ui.json, then loads every file of this
folder and every shipped workflow the way a user does, and saves what the editor would queue as NAME.api.json
(for shipped workflows under ``shipped/``, with the description of our classes it was given, and the size that
each class needs). No server runs anything: the editor only needs to be told which classes there are.
"""

import json
import subprocess
import sys
import threading
from datetime import datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

import comfyui_frontend_package
from playwright.sync_api import Page, sync_playwright

RECORDED_WITH = "1.58.1"
RECORDED_AT = datetime(2026, 8, 22, 3, 4, 5)  # what %date% stands for
HERE = Path(__file__).parent
WORKFLOWS = HERE.parents[2] / "workflows"
STATIC = Path(comfyui_frontend_package.__file__).parent / "static"
READY = "window.app?.graph && LiteGraph.registered_node_types['SaveImage'] !== undefined"
SAME_IDS = (
    "let ids = 0; crypto.randomUUID = () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`"
)
SIZES = """Object.fromEntries(Object.keys(LiteGraph.registered_node_types).sort().map((kind) => {
  const node = LiteGraph.createNode(kind);
  app.graph.add(node);
  const size = [...node.computeSize()].map(Math.ceil);
  app.graph.remove(node);
  return [kind, size];
}))"""


class Host(SimpleHTTPRequestHandler):
    """The editor's files, and the few answers it cannot start without."""

    protocol_version = "HTTP/1.1"
    answers: dict = {
        "/users": {"storage": "server", "migrated": True},
        "/settings": {"Comfy.TutorialCompleted": True},
        "/extensions": [],
        "/i18n": {},
    }

    def do_GET(self):
        path = self.path.partition("?")[0]
        if not path.startswith("/api/"):
            return super().do_GET()
        return self.answer(self.answers.get(path.removeprefix("/api")))

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer({})

    def answer(self, value):
        data = json.dumps(value).encode()
        self.send_response(404 if value is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def opened_editor(playwright) -> Page:
    """Return the editor's page, started and idle."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Host, directory=STATIC))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    page = browser.new_page(locale="en-US", timezone_id="UTC")
    page.set_default_timeout(120_000)
    page.clock.set_fixed_time(RECORDED_AT)
    page.add_init_script(SAME_IDS)
    page.goto(f"http://127.0.0.1:{server.server_port}/", wait_until="commit")
    page.wait_for_function(READY)
    page.add_script_tag(path=HERE / "cases.js")
    return page


def save(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(wanted: list[str]) -> None:
    assert version("comfyui-frontend-package") == RECORDED_WITH, "record everything with one version"
    ours = json.loads(subprocess.check_output([sys.executable, "-m", "if_graph", "nodes", "--json"]))
    Host.answers["/object_info"] = json.loads((HERE / "object_info.json").read_text()) | ours
    with sync_playwright() as playwright:
        page = opened_editor(playwright)
        for name in page.evaluate("caseNames"):
            if not wanted or name in wanted:
                save(HERE / f"{name}.ui.json", json.loads(page.evaluate("drawCase", name)))
        for path in sorted(HERE.glob("*.ui.json")):
            name = path.name.removesuffix(".ui.json")
            if not wanted or name in wanted:
                save(HERE / f"{name}.api.json", page.evaluate("sentFor", path.read_text()))
        for path in sorted(WORKFLOWS.glob("*.json")):
            if not wanted or path.stem in wanted:
                save(HERE / "shipped" / f"{path.stem}.api.json", page.evaluate("sentFor", path.read_text()))
        if not wanted:
            sizes = page.evaluate(SIZES)
            save(HERE / "shipped" / "object_info.json", ours)
            save(HERE / "sizes.json", {kind: sizes[kind] for kind in Host.answers["/object_info"]})


if __name__ == "__main__":
    main(sys.argv[1:])
