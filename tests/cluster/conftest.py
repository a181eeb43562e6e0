"""A real Ray cluster of several nodes on this machine, and small classes to run on it."""

import os
import runpy
from functools import partial
from pathlib import Path

import pytest

from if_graph.graph.registry import load_node_classes

PACK = str(Path(__file__).parent / "cluster_nodes.py")


@pytest.fixture(scope="module")
def cluster():
    """Three raylets; the head computes nothing."""
    ray = pytest.importorskip("ray", reason="Ray is not installed; run pip install 'if-graph[cluster]'")
    from ray.cluster_utils import Cluster

    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  Ray's 15 starves workers on a busy machine
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture(scope="session")
def pack():
    """The node pack that every worker loads."""
    return PACK


@pytest.fixture(scope="module")
def classes():
    return load_node_classes([PACK])


@pytest.fixture
def make_flow(tmp_path):
    """Make a workflow whose picture takes so many milliseconds; readings of its prompt are noted."""

    return partial(runpy.run_path(PACK)["toy_workflow"], tmp_path / "read.txt")


@pytest.fixture
def pictures():
    """Read a batch's pictures by job."""
    return lambda out: {path.parent.name: path.read_bytes() for path in out.glob("*/*.png")}
