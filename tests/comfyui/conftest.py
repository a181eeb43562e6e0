"""A running ComfyUI, given by its address, and its editor in a headless Chromium."""

import shutil

import pytest

ADDRESS = "--comfyui"


@pytest.fixture(scope="session")
def address(request):
    given = request.config.getoption(ADDRESS)
    if not given:
        pytest.skip(
            f"no ComfyUI is running here; start one with this pack and give {ADDRESS} http://127.0.0.1:8188"
        )
    return given.rstrip("/")


@pytest.fixture(scope="session")
def browser(address):
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    chromium = shutil.which("chromium") or pytest.skip("apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def editor(browser, address, tmp_path):
    """The editor's page, idle, and what its websocket and console said since."""
    page = browser.new_page(locale="en-US", viewport={"width": 1500, "height": 950})
    page.set_default_timeout(120_000)
    page.said, page.received = [], []
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: page.received.append(frame)))
    page.goto(address, wait_until="commit")
    page.wait_for_function("window.app?.graph && LiteGraph.registered_node_types['IFStageI'] !== undefined")
    yield page
    page.screenshot(path=str(tmp_path / "editor.png"))
    page.close()
