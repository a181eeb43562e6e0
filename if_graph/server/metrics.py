"""What ``GET /metrics`` tells Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)


class Metrics:
    """Counts of one server; each has a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.queued = Counter("if_graph_runs_queued", "Runs that were queued.", registry=self._registry)
        self.runs = Counter(
            "if_graph_runs", "Runs that ended, by status.", ["status"], registry=self._registry
        )
        self.refused = Counter(
            "if_graph_refusals", "Requests refused, by HTTP status.", ["code"], registry=self._registry
        )
        self.seconds = Histogram(
            "if_graph_run_seconds", "Seconds a run took.", buckets=_SECONDS, registry=self._registry
        )

    def watch(self, name: str, about: str, read: Callable[[], float]) -> None:
        """Add a value that is read when somebody asks."""
        Gauge(name, about, registry=self._registry).set_function(read)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)
