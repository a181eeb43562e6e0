"""A cache during a batch: what two steps in a row need stays, what no step needs any more goes."""

from collections.abc import Iterable, Set

from if_graph.graph.cache import NodeResult, ResultCache, forget


class BatchCache:
    """Passes results on to another cache, and holds on to those that the next step needs again.

    A model may be larger than the cache's limit, which would then never keep it. While it is in use it
    takes its memory anyway, so holding it until the next step uses it makes the peak no higher.

    Args:
        cache: where results are kept, within its limit.
    """

    def __init__(self, cache: ResultCache) -> None:
        self._cache = cache
        self._held: dict[str, NodeResult] = {}
        self._wanted: Set[str] = frozenset()

    def between(self, now: Set[str], then: Set[str]) -> None:
        """Say which results the step that begins uses, and which the one after it will."""
        self._held = {key: result for key, result in self._held.items() if key in now}
        self._wanted = now & then

    def release(self, keys: Iterable[str]) -> None:
        """Let go of results for good."""
        release = getattr(self._cache, "release", None)
        for key in keys:
            self._held.pop(key, None)
            if release is not None:
                release(key)

    def get(self, key: str) -> NodeResult | None:
        """Return the result kept under ``key``, if it still is."""
        found = self._held.get(key) or self._cache.get(key)
        if found is not None and key in self._wanted:
            self._held[key] = found
        return found

    def put(self, key: str, result: NodeResult, seconds: float) -> None:
        """Keep a result that took ``seconds`` to compute."""
        self._cache.put(key, result, seconds)
        if key in self._wanted:
            self._held[key] = result

    def clear_memory(self) -> None:
        """Forget everything, for a node that ran out of memory."""
        self._held.clear()
        forget(self._cache)
