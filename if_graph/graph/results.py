"""A finished run -> what its caller gets to see."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from if_graph.graph.cache import NodeResult, ResultCache
from if_graph.graph.plan import Plan


class Outputs(Mapping[str, tuple[Any, ...]]):
    """Output values by node id: the nodes asked for, and any other that the cache still holds."""

    def __init__(
        self, roots: Mapping[str, NodeResult], keys: Mapping[str, str | None], cache: ResultCache
    ) -> None:
        self._roots = roots
        self._keys = keys
        self._cache = cache

    def __getitem__(self, node_id: str) -> tuple[Any, ...]:
        key = self._keys.get(node_id)
        result = self._roots.get(node_id) or (self._cache.get(key) if key else None)
        if result is None:
            raise KeyError(
                f"the result of node {node_id} was not kept; name the node in 'targets' of the run"
            )
        return tuple(values[0] if len(values) == 1 else list(values) for values in result.outputs)

    def __iter__(self) -> Iterator[str]:
        held = (n for n, key in self._keys.items() if n not in self._roots and key and self._cache.get(key))
        return iter([*self._roots, *held])

    def __len__(self) -> int:
        return len(list(iter(self)))


@dataclass(frozen=True)
class RunResult:
    """What a run made.

    Args:
        outputs: tuple of output values by node id.
        ui: what output nodes have to show, by node id; those from the cache show it again.
        executed: ids of the nodes that were called, in order.
        cached: ids of the nodes that did not need to be.
    """

    outputs: Outputs
    ui: dict[str, dict[str, Any]]
    executed: list[str]
    cached: list[str]


def collect(
    plan: Plan,
    roots: Mapping[str, NodeResult],
    executed: list[str],
    keys: Mapping[str, str | None],
    cache: ResultCache,
) -> RunResult:
    """Put together what a run made.

    Args:
        plan: what was carried out.
        roots: results of the nodes asked for.
        executed: ids of the nodes that were called, in order.
        keys: content key of each node, to find the others' results while the cache holds them.
        cache: where those are.
    """
    return RunResult(
        Outputs(roots, keys, cache),
        {node_id: result.ui for node_id, result in roots.items() if result.ui},
        executed,
        [node_id for node_id in plan.order if node_id not in plan.execute],
    )
