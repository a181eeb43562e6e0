"""Shares of workers, the simulation, the shared cache, and the deployment files: no cluster is started."""

import json
import sys
from pathlib import Path
from threading import Event

import jsonschema
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from if_graph.cluster.crew import Crew, Member, Pool
from if_graph.cluster.recipes import recipe_outputs
from if_graph.cluster.shares import share_out
from if_graph.graph.cache import NodeResult
from if_graph.graph.shared_cache import SharedCache

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))
sim = pytest.importorskip("sim_cluster", reason="simpy is not installed; run pip install 'if-graph[test]'")
POOL = {  # what KubeRay's definition of a RayCluster requires
    "type": "object",
    "required": ["groupName", "minReplicas", "maxReplicas", "template"],
}
KUBERAY = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "ray.io/v1"},
        "kind": {"const": "RayCluster"},
        "spec": {
            "type": "object",
            "required": ["headGroupSpec"],
            "properties": {
                "headGroupSpec": {"type": "object", "required": ["template"]},
                "workerGroupSpecs": {"type": "array", "items": POOL, "minItems": 1},
            },
        },
    },
}


@given(st.dictionaries(st.text(max_size=3), st.floats(0.01, 1e4), min_size=1, max_size=8), st.integers(1, 40))
def test_every_pool_gets_its_share_rounded_up_by_at_most_two_workers(work, count):
    shares = share_out(work, range(count))
    whole = sum(work.values())
    for pool, seconds in work.items():
        assert len(shares[pool]) >= 1
        assert count * seconds / whole - 1e-6 <= len(shares[pool]) <= count * seconds / whole + 2
    assert sum(map(len, shares.values())) <= count + 2 * len(work)


def test_no_worker_is_left_without_a_pool():
    shares = share_out({"t5": 1.0, "I": 30.0, "II": 20.0, "III": 49.0}, range(10))
    assert {number for share in shares.values() for number in share} == set(range(10))


def test_a_pool_not_measured_yet_counts_as_the_mean_of_the_others():
    shares = share_out({"a": 1.0, "b": 3.0, "new": 0.0}, range(6))
    assert shares == {"a": (0,), "b": (1, 2, 3), "new": (4, 5)}


def test_a_worker_that_died_and_stays_away_keeps_no_pool_waiting():
    lasting, blocked = iter((True, True)), Event()
    crew = Crew([Member(None, False) for _ in range(2)], lambda _: next(lasting, None) or blocked.wait())
    with pytest.raises(ConnectionError), crew.lend(Pool("a", "a")):
        raise ConnectionError("the worker is dead")
    for pool in ("a", "b"):
        with crew.lend(Pool(pool, pool)) as member:
            assert member is not None
    blocked.set()


def test_models_of_other_values_or_files_have_other_keys():
    class Load:
        RETURN_TYPES = ("MODEL",)
        VERSION = "1"

        @classmethod
        def IS_CHANGED(cls, name):
            return cls.VERSION

    first, same = (recipe_outputs("Load", Load, {"name": "a"})[0] for _ in range(2))
    Load.VERSION = "2"
    changed, other = (recipe_outputs("Load", Load, {"name": name})[0] for name in "ab")
    assert first.key == same.key
    assert len({first.key, changed.key, other.key}) == 3


def test_one_worker_is_as_fast_as_its_stages_together():
    outcome = sim.simulate(sim.Setting(1, 10, {"a": 1.0, "b": 2.0}, driver=0.0))
    assert outcome.seconds == pytest.approx(30)
    assert outcome.idle == pytest.approx(0)


def test_the_driver_bounds_a_cluster_however_large_it_is():
    setting = sim.Setting(500, 1000, {"a": 1.0, "b": 1.0}, driver=0.05)
    assert sim.simulate(setting).rate == pytest.approx(1 / (2 * 0.05), rel=0.05)


def test_failures_lose_calls_and_time_but_no_job():
    calm, stormy = (sim.simulate(sim.Setting(4, 200, {"a": 5.0}, mtbf=mtbf)) for mtbf in (0.0, 60.0))
    assert stormy.lost > 0
    assert stormy.seconds > calm.seconds


def test_two_caches_at_one_address_share_their_results(tmp_path):
    made = NodeResult(([torch.rand(2, 3)],))
    SharedCache(f"file://{tmp_path}/shared").put("ab12", made, 1.0)
    found = SharedCache(f"file://{tmp_path}/shared").get("ab12")
    assert found is not None
    assert torch.equal(found.outputs[0][0], made.outputs[0][0])
    assert not list(tmp_path.rglob("*.part"))


def test_a_damaged_shared_entry_counts_as_missing(tmp_path, caplog):
    cache = SharedCache(f"file://{tmp_path}/shared")
    cache.put("ab12", NodeResult(([1],)), 1.0)
    path = next(tmp_path.rglob("*.result"))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert cache.get("ab12") is None
    assert "made again" in caplog.text


def test_the_launcher_file_fits_rays_schema():
    ray = pytest.importorskip("ray", reason="Ray is not installed; run pip install 'if-graph[cluster]'")
    schema = json.loads((Path(ray.__file__).parent / "autoscaler" / "ray-schema.json").read_text())
    jsonschema.validate(yaml.safe_load((ROOT / "docs/cluster/ray-cluster.yaml").read_text()), schema)


def test_the_kuberay_manifest_has_what_a_ray_cluster_needs():
    jsonschema.validate(yaml.safe_load((ROOT / "docs/cluster/kuberay.yaml").read_text()), KUBERAY)
