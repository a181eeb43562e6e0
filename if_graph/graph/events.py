"""What a run tells whoever watches it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RunStarted:
    """A run begins; ``order`` lists the ids of the nodes it will execute, ``cached`` those it need not."""

    order: tuple[str, ...]
    cached: tuple[str, ...]

    @property
    def total(self) -> int:
        """How many nodes will be executed."""
        return len(self.order)


@dataclass(frozen=True)
class NodeCached:
    """A node's result was there already; ``ui`` is what an output node had to show."""

    node_id: str
    label: str
    ui: dict[str, Any] | None = None


@dataclass(frozen=True)
class NodeStarted:
    """A node begins."""

    node_id: str
    label: str
    class_type: str


@dataclass(frozen=True)
class NodeProgress:
    """A node has done ``done`` of ``total`` steps; ``preview`` is whatever it can show of its result."""

    node_id: str
    label: str
    done: int
    total: int
    preview: Any = None


@dataclass(frozen=True)
class NodeFinished:
    """A node is done."""

    node_id: str
    label: str
    seconds: float
    ui: dict[str, Any] | None = None


@dataclass(frozen=True)
class NodeBlocked:
    """A node is passed over because one before it said so; ``message`` is the reason it gave."""

    node_id: str
    label: str
    message: str


@dataclass(frozen=True)
class RunFinished:
    """Every output is made."""

    seconds: float


@dataclass(frozen=True)
class RunFailed:
    """The run ended early; ``error`` is what the caller of the executor gets raised."""

    error: BaseException


Event = (
    RunStarted
    | NodeCached
    | NodeStarted
    | NodeProgress
    | NodeFinished
    | NodeBlocked
    | RunFinished
    | RunFailed
)


def both(first: Callable[[Event], None], second: Callable[[Event], None] | None) -> Callable[[Event], None]:
    """Return a watcher that tells every event to two others, the second of which may be missing."""
    if second is None:
        return first

    def emit(event: Event) -> None:
        first(event)
        second(event)

    return emit
