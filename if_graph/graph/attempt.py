"""One call of one node: its object, its hidden inputs, its progress, and what happens when it fails."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import networkx as nx

from if_graph.errors import IFGraphError, Interrupted, NodeError
from if_graph.folders import using_names
from if_graph.graph.backends import Backend
from if_graph.graph.cache import NodeResult, ResultCache
from if_graph.graph.calls import Lists, Returned, call_node
from if_graph.graph.events import Event, NodeProgress, NodeStarted
from if_graph.graph.hidden import HiddenInputs
from if_graph.graph.journal import Journal
from if_graph.graph.lazy import lazily_needed
from if_graph.graph.shortage import advice, is_shortage, make_room
from if_graph.graph.workflow import Node, where
from if_graph.progress import listening

T = TypeVar("T")


@dataclass(frozen=True)
class Attempt:
    """Calls the nodes of one run.

    Args:
        graph: the validated graph.
        backend: who performs calls.
        cache: what is emptied when memory runs out.
        instance_of: returns the object kept for a node.
        hidden: source of hidden inputs.
        emit: receives events.
        stopped: asked before each node and at each reported step.
        journal: knows the names of files that an earlier call of a node saved.
    """

    graph: nx.DiGraph
    backend: Backend
    cache: ResultCache
    instance_of: Callable[[str, Node], Any]
    hidden: HiddenInputs
    emit: Callable[[Event], None]
    stopped: Callable[[], bool]
    journal: Journal

    def call(self, node_id: str, lists: Lists, alive: Iterable[NodeResult]) -> tuple[list[Returned], float]:
        """Call a node, again if memory ran out, and return what it returned and the seconds it took.

        Args:
            node_id: which node.
            lists: for each input the list of its values.
            alive: results that cannot be forgotten to make room.

        Raises:
            NodeError: if it fails.
            Interrupted: if the host wants to stop.
        """
        node: Node = self.graph.nodes[node_id]["node"]
        self._check_stop(node_id, "before it began")
        self.emit(NodeStarted(node_id, node.label, node.class_type))
        began = time.perf_counter()
        try:
            returned = self._call(node_id, node, lists)
        except Exception as error:
            if not is_shortage(error):
                raise self._failure(node_id, error) from error
            returned = None
        if returned is None:  # outside of the handler, which would keep the failed call's tensors alive
            make_room(self.cache, alive)
            returned = self.naming(node_id, lambda: self._call(node_id, node, lists))
        return returned, time.perf_counter() - began

    def ask(self, node_id: str, known: Mapping[str, list[Any]], unknown: set[str]) -> set[str]:
        """Return the lazy inputs that a node needs; see :func:`if_graph.graph.lazy.lazily_needed`."""
        attrs = self.graph.nodes[node_id]
        node, schema = attrs["node"], attrs["schema"]
        hidden = self.hidden.of(node_id, schema)
        ask = self.instance_of(node_id, node)
        return self.naming(node_id, lambda: lazily_needed(ask, schema, known, unknown, hidden))

    def naming(self, node_id: str, work: Callable[[], T]) -> T:
        """Do some work for a node; what fails gets the node's name.

        Raises:
            NodeError: if it fails.
        """
        try:
            return work()
        except Exception as error:  # a foreign class may fail in any way
            raise self._failure(node_id, error) from error

    def _call(self, node_id: str, node: Node, lists: Lists) -> list[Returned]:
        schema = self.graph.nodes[node_id]["schema"]
        instance = self.instance_of(node_id, node)
        with listening(self._listener(node_id, node)), using_names(self.journal.names_for(node_id)):
            hidden = self.hidden.of(node_id, schema)
            return call_node(self.backend, node_id, instance, schema, lists, hidden)

    def _failure(self, node_id: str, error: Exception) -> NodeError:
        reason = str(error) if isinstance(error, IFGraphError) else f"{type(error).__name__}: {error}"
        if is_shortage(error):
            reason = advice(error)
        return NodeError(f"{where(node_id, self.graph.nodes[node_id]['node'])} failed: {reason}")

    def _listener(self, node_id: str, node: Node) -> Callable[[int, int, Any], None]:
        def listen(done: int, total: int, preview: Any) -> None:
            self.emit(NodeProgress(node_id, node.label, done, total, preview))
            self._check_stop(node_id, f"at step {done} of {total}")

        return listen

    def _check_stop(self, node_id: str, when: str) -> None:
        if self.stopped():
            raise Interrupted(f"{where(node_id, self.graph.nodes[node_id]['node'])} was stopped {when}")
