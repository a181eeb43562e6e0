"""Jobs on a real Ray cluster of several nodes on this machine: equal pictures, deaths, poison, refusals."""

import os

import pytest

from if_graph.batch.events import JobEnded
from if_graph.batch.jobs import Job, job_table
from if_graph.batch.prepare import Batch, prepare
from if_graph.batch.run import BatchRun
from if_graph.batch.streams import StreamedBatchRun
from if_graph.errors import NodeError
from if_graph.graph.api_format import read_api
from if_graph.graph.cache import MemoryCache
from if_graph.graph.executor import Executor
from if_graph.graph.schema import Schemas

ray = pytest.importorskip("ray", reason="Ray is not installed; run pip install 'if-graph[cluster]'")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
PROMPTS = 5
KILLS = int(os.environ.get("IF_GRAPH_KILLS", "2"))


@pytest.fixture(scope="module")
def backend(cluster, classes, pack):
    from if_graph.cluster.connect import ray_backend

    with ray_backend(classes, packs=(pack,), retries=1) as backend:
        yield backend


@pytest.fixture
def workflow(classes, make_flow):
    return read_api(make_flow(0), Schemas.of(classes))


def prepared(workflow, classes, out, count, **changed):
    rows = [
        Job(f"{i:03}", {"read.prompt": f"p{i % PROMPTS}", "paint.seed": i, **changed.get(f"j{i}", {})})
        for i in range(count)
    ]
    return prepare(Batch(workflow, job_table(workflow, rows, []), out, classes, resume=True))


def streamed(prepared, backend, **watch):
    memory = MemoryCache()
    return StreamedBatchRun(prepared, memory, memory, backend, backend.width, **watch)


def test_200_jobs_are_bit_equal_to_the_local_run_and_each_prompt_is_read_once(
    backend, workflow, classes, pictures, tmp_path
):
    streamed(prepared(workflow, classes, tmp_path / "ray", 200), backend).carry_out()
    read = sorted((tmp_path / "read.txt").read_text().split())
    BatchRun(prepared(workflow, classes, tmp_path / "here", 200)).carry_out()
    assert read == sorted(f"p{i}" for i in range(PROMPTS))
    assert len(pictures(tmp_path / "ray")) == 200
    assert pictures(tmp_path / "ray") == pictures(tmp_path / "here")


def test_killed_workers_lose_nothing_and_repeat_nothing(backend, workflow, classes, pictures, tmp_path):
    ended = []

    def watch(event):
        if isinstance(event, JobEnded):
            ended.append(event.result.id)
            if len(ended) % 8 == 0 and len(ended) <= 8 * KILLS:
                ray.kill(backend.crew.members[len(ended) // 8 % 2].actor, no_restart=False)

    count = 8 * KILLS + 8
    todo = prepared(workflow, classes, tmp_path / "ray", count)
    results = streamed(todo, backend, on_event=watch).carry_out()
    BatchRun(prepared(workflow, classes, tmp_path / "here", count)).carry_out()
    assert [result.status for result in results] == ["done"] * count
    assert sorted(ended) == [f"{i:03}" for i in range(count)]
    assert pictures(tmp_path / "ray") == pictures(tmp_path / "here")


def test_a_poisoned_job_is_set_aside_and_named(backend, workflow, classes, tmp_path):
    todo = prepared(workflow, classes, tmp_path / "ray", 6, j2={"paint.poison": 1})
    results = streamed(todo, backend).carry_out()
    assert [result.id for result in results if result.status == "failed"] == ["002"]
    assert "each of the 2 times" in results[2].error


def test_a_network_that_would_travel_is_refused(backend, classes):
    api = {
        "m": {"class_type": "Model", "inputs": {"seed": 0}},
        "n": {"class_type": "Net", "inputs": {"model": ["m", 0]}},
    }
    with pytest.raises(NodeError, match="RESIDENT = True"):
        Executor(classes, backend=backend).run(read_api(api, Schemas.of(classes)), targets=["n"])


def test_a_node_that_dies_is_done_without(cluster, backend, workflow, classes, pictures, tmp_path):
    ended = []

    def watch(event):
        if isinstance(event, JobEnded):
            ended.append(event.result.id)
            if len(ended) == 8:
                cluster.remove_node(sorted(cluster.worker_nodes, key=str)[0], allow_graceful=False)

    todo = prepared(workflow, classes, tmp_path / "ray", 24)
    results = streamed(todo, backend, on_event=watch).carry_out()
    BatchRun(prepared(workflow, classes, tmp_path / "here", 24)).carry_out()
    assert [result.status for result in results] == ["done"] * 24
    assert sorted(ended) == [f"{i:03}" for i in range(24)]
    assert pictures(tmp_path / "ray") == pictures(tmp_path / "here")
