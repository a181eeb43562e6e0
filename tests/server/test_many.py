"""Many clients at once, and a server that is killed among its work."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from if_graph.client import Client

pytestmark = pytest.mark.slow
pytest.importorskip("aiohttp", reason="extra 'editor': pip install -e '.[editor]'")
TOYS = Path(__file__).parents[1] / "graph" / "toy_nodes.py"
CLIENTS, EACH = 8, 25
PICTURE = {"prompt": "", "width": 4, "strength": 1.0, "mode": "gray", "flip": False}


@pytest.fixture
def start(tmp_path):
    servers = []

    def start():
        command = [sys.executable, "-m", "if_graph", "serve", "--port", "0", "--api-only", "--no-cache"]
        command += ["--nodes", str(TOYS)]
        servers.append(subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True))
        return servers[-1], Client(servers[-1].stdout.readline().strip())

    yield start
    for server in servers:
        with server:  # closes what it wrote to
            server.kill()


def flow(number):
    return {
        "1": {"class_type": "Steps", "inputs": {"value": number, "steps": 200}},
        "2": {"class_type": "Show", "inputs": {"value": ["1", 0]}},
        "3": {"class_type": "Picture", "inputs": PICTURE | {"seed": number}},
        "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "many"}},
    }


def memory(server):
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def queue_all(client, first=0):
    def queue(who):
        return [client.queue(flow(first + 100 * who + i), client_id=str(who)) for i in range(EACH)]

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(queue, range(CLIENTS)))


def assert_each_in_its_order(client, runs):
    for mine in runs:
        entries = [client.wait(run, 300) for run in mine]
        numbers = [entry["prompt"][0] for entry in entries]
        assert numbers == sorted(numbers)
        assert all(entry["status"]["completed"] for entry in entries)


def test_of_200_runs_of_8_clients_none_is_lost_and_memory_stays(start):
    server, client = start()
    assert_each_in_its_order(client, queue_all(client))
    before = memory(server)
    assert_each_in_its_order(client, queue_all(client, first=1000))
    assert memory(server) - before < 30_000  # KiB; the second 200 add nothing that stays


def test_the_queue_goes_on_after_a_kill_and_no_picture_is_saved_twice(start, tmp_path):
    server, client = start()
    runs = queue_all(client)
    client.wait(runs[0][EACH // 2], 300)
    server.send_signal(signal.SIGKILL)
    server.wait()
    before = len(list((tmp_path / "output").glob("*.png")))
    _, client = start()
    assert_each_in_its_order(client, runs)
    after = sorted(path.name for path in (tmp_path / "output").iterdir())
    assert after == [f"many_{number:05}_.png" for number in range(1, CLIENTS * EACH + 1)]
    assert (0 < before < CLIENTS * EACH, len(client.history())) == (True, CLIENTS * EACH)
