"""Carries out a plan: calls each node in turn, keeps what is still needed, reports what happens."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from if_graph.errors import IFGraphError, Interrupted, NodeError
from if_graph.graph.backends import Backend
from if_graph.graph.cache import NodeResult, ResultCache
from if_graph.graph.calls import call_node
from if_graph.graph.events import Event, NodeCached, NodeFinished, NodeProgress, NodeStarted
from if_graph.graph.hidden import HiddenInputs
from if_graph.graph.plan import Plan
from if_graph.graph.workflow import Link, Node, where
from if_graph.progress import listening


@dataclass
class Run:
    """One run of one plan.

    Args:
        graph: the validated graph.
        keys: content key of each node.
        plan: what to execute.
        cache: where results go.
        backend: who performs calls.
        instance_of: returns the object kept for a node.
        hidden: source of hidden inputs.
        emit: receives events.
        stopped: asked before each node and at each reported step.
    """

    graph: nx.DiGraph
    keys: Mapping[str, str | None]
    plan: Plan
    cache: ResultCache
    backend: Backend
    instance_of: Callable[[str, Node], Any]
    hidden: HiddenInputs
    emit: Callable[[Event], None]
    stopped: Callable[[], bool]
    _alive: dict[str, NodeResult] = field(init=False, default_factory=dict)

    def carry_out(self) -> dict[str, NodeResult]:
        """Execute the plan and return the results of the roots.

        Raises:
            NodeError: if a node fails.
            Interrupted: if the host wants to stop.
        """
        self._alive.update(self.plan.fetched)
        waiting = self.plan.uses(self.graph)
        wanted = {self.plan.twin[root] for root in self.graph.graph["roots"]}
        for node_id in self.plan.order:
            if node_id in self.plan.execute:
                self._alive[node_id] = self._execute(node_id)
                for source in {self.plan.twin[parent] for parent in self.graph.predecessors(node_id)}:
                    waiting[source] -= 1
                    if not waiting[source] and source not in wanted:
                        del self._alive[source]  # the cache decides whether it stays in memory
            else:
                self._emit_cached(node_id)
        return {root: self._alive[self.plan.twin[root]] for root in self.graph.graph["roots"]}

    def _execute(self, node_id: str) -> NodeResult:
        node = self._node(node_id)
        self._check_stop(node_id, "before it began")
        self.emit(NodeStarted(node_id, node.label, node.class_type))
        began = time.perf_counter()
        result = self._call(node_id, node)
        seconds = time.perf_counter() - began
        key = self.keys[node_id]
        if key is not None:
            self.cache.put(key, result, seconds)
        self.emit(NodeFinished(node_id, node.label, seconds, result.ui))
        return result

    def _call(self, node_id: str, node: Node) -> NodeResult:
        schema = self.graph.nodes[node_id]["schema"]
        try:
            instance = self.instance_of(node_id, node)
            with listening(self._listener(node_id, node)):
                hidden = self.hidden.of(node_id, schema)
                return call_node(self.backend, node_id, instance, schema, self._lists(node_id), hidden)
        except Exception as error:  # the one place where failures get their node's name
            reason = str(error) if isinstance(error, IFGraphError) else f"{type(error).__name__}: {error}"
            raise NodeError(f"{where(node_id, node)} failed: {reason}") from error

    def _lists(self, node_id: str) -> dict[str, list[Any]]:
        inputs = self.graph.nodes[node_id]["inputs"]
        return {name: self._values(value) for name, value in inputs.items()}

    def _values(self, value: Any) -> list[Any]:
        if isinstance(value, Link):
            return self._alive[self.plan.twin[value.source]].outputs[value.slot]
        return [value]

    def _listener(self, node_id: str, node: Node) -> Callable[[int, int, Any], None]:
        def listen(done: int, total: int, preview: Any) -> None:
            self.emit(NodeProgress(node_id, node.label, done, total, preview))
            self._check_stop(node_id, f"at step {done} of {total}")

        return listen

    def _check_stop(self, node_id: str, when: str) -> None:
        if self.stopped():
            raise Interrupted(f"{where(node_id, self._node(node_id))} was stopped {when}")

    def _emit_cached(self, node_id: str) -> None:
        is_root = self.graph.nodes[node_id]["is_root"]
        ui = self._alive[self.plan.twin[node_id]].ui if is_root else None
        self.emit(NodeCached(node_id, self._node(node_id).label, ui))

    def _node(self, node_id: str) -> Node:
        node: Node = self.graph.nodes[node_id]["node"]
        return node
