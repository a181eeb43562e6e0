"""What a run has come to so far; by it, a node that is called again takes up where it was cut short."""

from dataclasses import dataclass, field

from if_graph.graph.events import Event

SCOPE = "run-"
"""What every scope starts with; no content key does."""


class Journal:
    """The journal of a run that nobody resumes: it remembers names, for calls that are repeated.

    Args:
        scope: ``SCOPE`` and the run's name; starts the keys of results that only this run may use. None where
            such results are not kept.
    """

    def __init__(self, scope: str | None = None) -> None:
        self.scope = scope
        self._names: dict[str, list[str]] = {}

    def names_for(self, node_id: str) -> "NodeNames":
        """Return the names of the files that a node saves, for one call of it."""
        return NodeNames(self, node_id, list(self._names.get(node_id, ())))

    def note_name(self, node_id: str, name: str) -> None:
        """Take note of a file's name before the node writes it."""
        self._names.setdefault(node_id, []).append(name)

    def hear(self, event: Event) -> None:
        """Take note of an event."""


@dataclass
class NodeNames:
    """Names of the files that one call of a node saves, in order; see :mod:`if_graph.folders`."""

    journal: Journal
    node_id: str
    left: list[str] = field(default_factory=list)

    def earlier(self) -> str | None:
        """Return the next name that a call cut short had chosen, if any is left."""
        return self.left.pop(0) if self.left else None

    def note(self, name: str) -> None:
        """Take note of a name before there is a file of it."""
        self.journal.note_name(self.node_id, name)
