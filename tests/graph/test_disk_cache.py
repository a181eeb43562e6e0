import logging
import multiprocessing
import random
import sys
import time
from dataclasses import dataclass

import pytest
import torch

from if_graph.errors import WorkflowError
from if_graph.graph import DiskCache, Executor, MemoryCache, TieredCache
from if_graph.graph.cache import NodeResult
from if_graph.graph.storable import Codec

RICH = NodeResult(
    (
        [
            torch.arange(6.0).reshape(2, 3).T,
            torch.tensor(3, dtype=torch.int64),
            torch.zeros(0, dtype=torch.bool),
        ],
        [{"a": [1, 2.5, None, True, ("x", (), [])], 3: float("inf"), ("k", 1): "ü\ud800"}, 10**30],
        [],
    ),
    {"images": [{"filename": "x"}]},
)


@pytest.fixture
def cache(tmp_path):
    cache = DiskCache(tmp_path / "cache")
    yield cache
    cache.close()


def flat(value):
    return repr(value)


def files(cache):
    return sorted(cache.folder.glob("*/*"))


def test_a_result_comes_back_as_it_was(cache):
    cache.put("k" * 64, RICH, 1.0)
    found = cache.get("k" * 64)
    assert flat(found) == flat(RICH)
    assert [x.dtype for x in found.outputs[0]] == [torch.float32, torch.int64, torch.bool]


def test_tensors_lie_in_memory_as_they_did(cache):
    tensors = [torch.zeros(2, 4, 5, 3).permute(0, 3, 1, 2), torch.zeros(4, 6).T, torch.zeros(3, 8)[:, :2]]
    cache.put("a", NodeResult((tensors,)), 1.0)
    strides = [tensor.stride() for tensor in cache.get("a").outputs[0]]
    assert strides == [(60, 1, 15, 3), (1, 6), (2, 1)]  # the last one had gaps


def test_shared_storage_and_inference_tensors_are_no_problem(cache):
    with torch.inference_mode():
        base = torch.arange(4.0)
    cache.put("a", NodeResult(([base, base[1:], base],)), 1.0)
    assert flat(cache.get("a").outputs) == flat(([base, base[1:], base],))


@pytest.mark.parametrize(
    "value",
    [torch.nn.Linear(2, 2), torch.nn.Parameter(torch.ones(2)), object(), {1, 2}, torch.ones(2).to_sparse()],
)
def test_models_and_unknown_objects_are_never_written(cache, value):
    cache.put("a", NodeResult(([{"deep": [value]}],)), 1.0)
    assert cache.info().entries == 0
    assert files(cache) == []


@dataclass
class Words:
    data: torch.Tensor
    text: str

    def to_tensors(self):
        return {"data": self.data, "text": self.text}

    @classmethod
    def from_tensors(cls, parts):
        return cls(**parts)


class Maker:
    STORABLE = (Words,)


def test_a_class_is_stored_only_if_a_node_class_offers_it(tmp_path):
    result = NodeResult(([Words(torch.ones(2), "hi")],))
    DiskCache(tmp_path).put("a", result, 1.0)
    assert DiskCache(tmp_path).get("a") is None
    DiskCache(tmp_path, Codec.of({"Maker": Maker})).put("a", result, 1.0)
    found = DiskCache(tmp_path, Codec.of({"Maker": Maker})).get("a")
    assert type(found.outputs[0][0]) is Words
    assert flat(found) == flat(result)
    plain = DiskCache(tmp_path)
    assert plain.get("a") is None
    assert plain.verify() == []
    assert plain.info().entries == 1


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone", "junk"])
def test_a_damaged_entry_is_dropped_with_a_warning(cache, caplog, damage):
    cache.put("a", RICH, 1.0)
    (path,) = files(cache)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    new = {"flip": bytes(data), "cut": bytes(data[:50]), "empty": b"", "junk": b"\xff" * 99}.get(damage)
    path.unlink() if new is None else path.write_bytes(new)
    assert cache.get("a") is None
    assert "is damaged and will be made again" in caplog.text
    assert (cache.info().entries, files(cache)) == (0, [])


def test_verify_drops_what_is_damaged_and_what_nobody_names(cache):
    for key in "abc":
        cache.put(key * 3, RICH, 1.0)
    files(cache)[0].write_bytes(b"x")
    (cache.folder / "bb" / "orphan.safetensors").write_bytes(b"x")
    assert cache.verify() == ["aaa"]
    assert [path.name[:3] for path in files(cache)] == ["bbb", "ccc"]


def test_the_least_recently_used_go_when_it_is_full(cache):
    for key in "abc":
        cache.put(key, NodeResult(([torch.zeros(256)],)), 1.0)
    assert cache.get("a")
    cache.limit = cache.info().size
    cache.put("d", NodeResult(([torch.zeros(256)],)), 1.0)
    assert [cache.get(key) is not None for key in "abcd"] == [True, False, True, True]
    assert cache.info().size <= cache.limit
    assert len(files(cache)) == 3


def test_a_second_process_runs_nothing_again(tmp_path, classes, flow):
    workflow = flow(a=("Range", {"count": 3}), b=("Add", {"a": "@a", "b": 1}), out=("Show", {"value": "@b"}))
    for executed in (["a", "b", "out"], []):
        executor = Executor(classes, TieredCache(MemoryCache(), DiskCache(tmp_path)))
        result = executor.run(workflow)
        assert result.executed == executed
        assert result.ui == {"out": {"text": ["1", "2", "3"]}}


def test_a_place_that_cannot_hold_a_cache_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkflowError, match=r"file cannot hold a cache: .*; choose another folder"):
        DiskCache(tmp_path / "file")


def hammer(folder, seed, seconds, wrong):
    """Put and get results whose value follows from their key, in a cache that is always too full."""
    logging.disable()
    cache, dice, end = DiskCache(folder, limit=60_000), random.Random(seed), time.monotonic() + seconds
    while time.monotonic() < end:
        number = dice.randrange(60)
        key = f"{number:02}" * 32
        found = cache.get(key)
        if found is None:
            cache.put(key, NodeResult(([torch.full((500,), float(number))],)), 1.0)
        elif not torch.equal(found.outputs[0][0], torch.full((500,), float(number))):
            wrong.put(key)
    wrong.put(None)


def share(folder, processes, seconds):
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "fork")
    wrong = context.Queue()
    members = [context.Process(target=hammer, args=(folder, i, seconds, wrong)) for i in range(processes)]
    for member in members:
        member.start()
    answers = [wrong.get(timeout=seconds + 60) for _ in members]
    for member in members:
        member.join()
    assert [member.exitcode for member in members] == [0] * processes
    assert answers == [None] * processes
    cache = DiskCache(folder, limit=60_000)
    assert cache.verify() == []
    assert cache.info().size <= 60_000
    cache.close()


def test_processes_share_a_cache(tmp_path):
    share(tmp_path, 3, 1)


@pytest.mark.slow
def test_eight_processes_share_a_cache_for_a_minute(tmp_path):
    share(tmp_path, 8, 60)
