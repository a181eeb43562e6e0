"""Workers, machines and drivers that die at random moments: nothing is lost, nothing is done twice.

IF_GRAPH_KILLS=20 kills so many workers, and a quarter as many machines and drivers.
"""

import json
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from if_graph.batch.events import JobEnded
from if_graph.batch.jobs import Job, job_table
from if_graph.batch.prepare import Batch, prepare
from if_graph.batch.run import BatchRun
from if_graph.batch.streams import StreamedBatchRun
from if_graph.graph.api_format import read_api
from if_graph.graph.cache import MemoryCache
from if_graph.graph.schema import Schemas

ray = pytest.importorskip("ray", reason="Ray is not installed; run pip install 'if-graph[cluster]'")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
KILLS = int(os.environ.get("IF_GRAPH_KILLS", "4"))
FEW = max(1, KILLS // 4)
RETRIES = 100  # deaths are the test's subject; a job that kills its workers is another's
TRIES = 40  # of one batch


@pytest.fixture
def flow(make_flow):
    return make_flow(100)


def settings(count):
    return {f"{i:03}": {"read.prompt": f"p{i % 5}", "paint.seed": i} for i in range(count)}


def prepared(flow, classes, out, count):
    workflow = read_api(flow, Schemas.of(classes))
    table = job_table(workflow, [Job(name, values) for name, values in settings(count).items()], [])
    return prepare(Batch(workflow, table, out, classes, resume=True))


def carried_out(todo, backend):
    """Carry jobs out on the cluster; return id and status of those that ended, in order."""
    ended, memory = [], MemoryCache()

    def watch(event):
        if isinstance(event, JobEnded):
            ended.append((event.result.id, event.result.status))

    StreamedBatchRun(todo, memory, memory, backend, backend.width, on_event=watch).carry_out()
    return ended


def carried_out_amid(todo, backend, kill, times):
    """Carry jobs out while this thread, the only one that can start a raylet, kills at random moments."""
    dice = random.Random(0)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(carried_out, todo, backend)
        for _ in range(times):
            time.sleep(dice.uniform(0, 1))
            assert not running.done(), "the jobs were over before the last death; there must be more of them"
            kill()
        return running.result()


def check(ended, flow, classes, pictures, folder, count):
    BatchRun(prepared(flow, classes, folder / "here", count)).carry_out()
    assert sorted(ended) == [(f"{i:03}", "done") for i in range(count)]
    assert pictures(folder / "ray") == pictures(folder / "here")


def test_workers_that_die_lose_nothing_and_repeat_nothing(cluster, flow, classes, pack, pictures, tmp_path):
    from if_graph.cluster.connect import ray_backend

    dice, count = random.Random(1), 40 + 20 * KILLS
    todo = prepared(flow, classes, tmp_path / "ray", count)
    with ray_backend(classes, packs=(pack,), retries=RETRIES) as backend:
        members = backend.crew.members
        ended = carried_out_amid(
            todo, backend, lambda: ray.kill(dice.choice(members).actor, no_restart=False), KILLS
        )
    check(ended, flow, classes, pictures, tmp_path, count)


def test_machines_that_die_lose_nothing_and_repeat_nothing(cluster, flow, classes, pack, pictures, tmp_path):
    from if_graph.cluster.connect import ray_backend

    dice, count = random.Random(2), 60 + 60 * FEW

    def replace_one():
        cluster.remove_node(dice.choice(sorted(cluster.worker_nodes, key=str)), allow_graceful=False)
        cluster.add_node(num_cpus=1)

    todo = prepared(flow, classes, tmp_path / "ray", count)
    with ray_backend(classes, packs=(pack,), retries=RETRIES) as backend:
        ended = carried_out_amid(todo, backend, replace_one, FEW)
    check(ended, flow, classes, pictures, tmp_path, count)


def start(folder, cluster, pack):
    words = ["batch", "flow.json", "jobs.jsonl", "--out", "ray", "--nodes", pack, "--resume", "--quiet",
             "--no-cache", "--backend", "ray", "--address", cluster.address]  # fmt: skip
    return subprocess.Popen([sys.executable, "-m", "if_graph", *words], cwd=folder)


def test_a_driver_that_dies_goes_on_where_it_was(cluster, flow, classes, pack, pictures, tmp_path):
    dice, count, kills = random.Random(3), 150, 0
    rows = [{"id": name, **values} for name, values in settings(count).items()]
    (tmp_path / "jobs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "flow.json").write_text(json.dumps(flow))
    out, finished, code = tmp_path / "ray", {}, None
    for _ in range(TRIES):
        with start(tmp_path, cluster, pack) as driver:
            begun = len(pictures(out))
            while kills < FEW and driver.poll() is None and len(pictures(out)) == begun:
                time.sleep(0.01)  # so that each driver gets somewhere
            try:
                code = driver.wait(dice.uniform(0, 2) if kills < FEW else None)
            except subprocess.TimeoutExpired:
                driver.kill()
                kills += 1
        assert finished.items() <= recorded(out).items()
        finished = recorded(out)
        if code == 0:
            break
    assert (code, kills) == (0, FEW)
    check([(name, "done") for name in pictures(out)], flow, classes, pictures, tmp_path, count)


def recorded(out):
    """When the picture of each recorded job was written; one done twice would be younger."""
    log = out / "results.jsonl"
    rows = log.read_text().splitlines() if log.exists() else []
    rows = [json.loads(row) for row in rows if row.endswith("}")]
    names = [row["id"] for row in rows]
    assert len(names) == len(set(names))
    return {name: next((out / name).glob("*.png")).stat().st_mtime_ns for name in names}
