"""A finished run, asked by the outputs that the code wired."""

from dataclasses import dataclass
from typing import Any

from if_graph.code.handles import NodeHandle, Output
from if_graph.errors import WorkflowError
from if_graph.graph.results import RunResult


@dataclass(frozen=True)
class Result:
    """What a run made: ``result[sampled.image]`` is a value, ``result[sampled]`` a tuple of them.

    Args:
        graph: the graph that ran.
        raw: the engine's own record: ``outputs``, ``ui``, ``executed`` and ``cached``, by node id.
    """

    graph: object
    raw: RunResult

    def __getitem__(self, wanted: Output | NodeHandle) -> Any:
        if not isinstance(wanted, Output | NodeHandle) or wanted.graph is not self.graph:
            raise WorkflowError(
                f"a result holds no {wanted!r}; ask for a node or an output of the graph that ran"
            )
        node_id = wanted.node_id if isinstance(wanted, Output) else wanted.id
        try:
            values = self.raw.outputs[node_id]
        except KeyError:
            raise WorkflowError(f"the value of {wanted!r} was not kept; name it in run(...)") from None
        return values[wanted.slot] if isinstance(wanted, Output) else values
