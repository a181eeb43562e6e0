from dataclasses import dataclass

import torch

from if_graph.graph.cache import MemoryCache, NodeResult
from if_graph.graph.measure import memory_of

KIB = 1024


def tensor(kib):
    return torch.zeros(kib * KIB // 4)


def result(*values):
    return NodeResult(tuple([value] for value in values))


@dataclass
class Box:
    inside: object


def test_tensors_are_found_wherever_they_are_nested():
    nested = (
        tensor(1),
        [tensor(2)],
        {"a": tensor(4)},
        Box({"b": [tensor(8)]}),
        torch.nn.Linear(256, 15, bias=True),
    )
    assert 30 * KIB <= sum(memory_of(nested).values()) < 31 * KIB


def test_shared_storage_counts_once():
    base = tensor(8)
    assert sum(memory_of([base, base[:10], base.view(2, -1), Box(base)]).values()) == 8 * KIB


def test_a_view_counts_all_it_keeps_alive():
    assert sum(memory_of([tensor(8)[:1]]).values()) == 8 * KIB


def test_the_least_recently_used_result_goes_first():
    cache = MemoryCache(limit=25 * KIB)
    cache.put("a", result(tensor(10)))
    cache.put("b", result(tensor(10)))
    assert cache.get("a")
    cache.put("c", result(tensor(10)))
    assert cache.get("b") is None
    assert cache.get("a")
    assert cache.get("c")
    assert cache.used <= cache.limit


def test_storage_shared_between_results_is_freed_with_the_last():
    cache, base = MemoryCache(limit=25 * KIB), tensor(10)
    cache.put("a", result(base))
    cache.put("b", result(base[:5], tensor(10)))
    assert 20 * KIB <= cache.used < 21 * KIB
    assert len(cache) == 2
    cache.put("c", result(tensor(10)))
    assert cache.get("a") is None
    assert cache.get("b") is None
    assert cache.used < 11 * KIB


def test_a_result_larger_than_the_limit_is_not_kept():
    cache = MemoryCache(limit=KIB)
    cache.put("a", result(tensor(2)))
    assert cache.get("a") is None
    assert cache.used == 0


def test_replacing_and_clearing_leave_nothing_behind():
    cache = MemoryCache()
    cache.put("a", result(tensor(2)))
    cache.put("a", result(tensor(4)))
    assert 4 * KIB <= cache.used < 5 * KIB
    cache.clear()
    assert (len(cache), cache.used, cache.get("a")) == (0, 0, None)


def test_what_is_cheap_to_make_again_goes_before_what_is_dear():
    cache = MemoryCache(limit=25 * KIB)
    cache.put("dear", result(tensor(10)), seconds=60)
    cache.put("cheap", result(tensor(10)), seconds=1)
    cache.put("new", result(tensor(10)), seconds=1)
    assert cache.get("cheap") is None
    assert cache.get("dear")


def test_what_is_dear_goes_too_if_it_is_never_used():
    cache = MemoryCache(limit=25 * KIB)
    cache.put("dear", result(tensor(10)), seconds=3)
    for i in range(9):
        cache.put(f"{i}", result(tensor(10)), seconds=1)
    assert cache.get("dear") is None
