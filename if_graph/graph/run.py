"""Carries out a plan: calls each node when what it needs is there, keeps what is still needed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from if_graph.errors import NodeError, WorkflowError
from if_graph.graph.attempt import Attempt
from if_graph.graph.cache import NodeResult, ResultCache
from if_graph.graph.calls import Returned, collect, merged_ui
from if_graph.graph.events import Event, NodeBlocked, NodeCached, NodeFinished
from if_graph.graph.expansion import expand
from if_graph.graph.keys import add_keys
from if_graph.graph.plan import Plan
from if_graph.graph.schema import NodeSchema
from if_graph.graph.workflow import Link, Node, where


@dataclass(frozen=True)
class _Expanded:
    """A node that became a sub-graph, until that is done."""

    returned: list[Returned]
    wanted: list[str]
    outputs: list[str]
    seconds: float


@dataclass
class Run:
    """One run of one plan.

    Args:
        graph: the validated graph; it grows where nodes become sub-graphs.
        classes: node classes by name.
        schemas: their descriptions.
        keys: content key of each node.
        plan: what to execute.
        cache: where results go.
        attempt: performs the calls.
        emit: receives events.
    """

    graph: nx.DiGraph
    classes: Mapping[str, type]
    schemas: Mapping[str, NodeSchema]
    keys: dict[str, str | None]
    plan: Plan
    cache: ResultCache
    attempt: Attempt
    emit: Callable[[Event], None]
    executed: list[str] = field(init=False, default_factory=list)
    _results: dict[str, NodeResult] = field(init=False, default_factory=dict)
    _asked: dict[str, set[str]] = field(init=False, default_factory=dict)
    _expanded: dict[str, _Expanded] = field(init=False, default_factory=dict)

    def carry_out(self) -> dict[str, NodeResult]:
        """Execute the plan and return the results of the roots.

        Raises:
            NodeError: if a node fails.
            Interrupted: if the host wants to stop.
        """
        self._results.update(self.plan.fetched)
        self._wanted = {self.plan.twin[root] for root in self.graph.graph["roots"]}
        done: set[str] = set()
        for node_id in self.plan.order:
            if node_id not in self.plan.execute:
                self._emit_cached(node_id)
            elif node_id not in done:
                done.update(self._produce(node_id))
        return {root: self._results[self.plan.twin[root]] for root in self.graph.graph["roots"]}

    def _produce(self, target: str) -> list[str]:
        """Make one result and all that is missing for it; return what was made."""
        waiting, opened, made = [target], set[str](), []
        while waiting:
            node_id = waiting[-1]
            if node_id in self._results or self._fetch(node_id):
                waiting.pop()
            elif needs := [need for need in self._needs(node_id) if need not in self._results]:
                opened.add(node_id)
                self._require_forward(node_id, opened.intersection(needs))
                waiting.extend(reversed(needs))
            elif self._advance(node_id):
                made.append(waiting.pop())
        return made

    def _fetch(self, node_id: str) -> bool:
        """Take a result that the plan did not foresee from the cache."""
        key = None if node_id in self.plan.execute or node_id in self._expanded else self.keys[node_id]
        found = self.cache.get(key) if key is not None else None
        if found is not None:
            self._results[node_id] = found
        return found is not None

    def _needs(self, node_id: str) -> list[str]:
        """Return what must be there before a node can go on, the same or more each time."""
        if node_id in self._expanded:
            return self._expanded[node_id].wanted
        schema: NodeSchema = self.graph.nodes[node_id]["schema"]
        feeding = {name: self._twin(source) for name, source in self.graph.nodes[node_id]["sources"].items()}
        asked = self._asked.setdefault(node_id, set()) if schema.lazy else set()
        known = [source for name, source in feeding.items() if name not in schema.lazy or name in asked]
        if schema.lazy and all(source in self._results for source in known):
            unknown = {name for name in feeding if name in schema.lazy} - asked
            asked |= self.attempt.ask(node_id, self._lists(node_id), unknown)
            known += [source for name, source in feeding.items() if name in unknown & asked]
        return list(dict.fromkeys(known))

    def _advance(self, node_id: str) -> bool:
        """Call a node, or end one whose sub-graph is done; tell whether its result is there."""
        expanded = self._expanded.pop(node_id, None)
        if expanded is not None:
            self._finish(node_id, self._collected(node_id, expanded), expanded.seconds)
            return True
        returned, seconds = self.attempt.call(node_id, self._lists(node_id), self._results.values())
        for message in dict.fromkeys(one.blocked for one in returned if one.blocked):
            self.emit(NodeBlocked(node_id, self._label(node_id), message))
        if any(one.graph is not None for one in returned):
            self._expanded[node_id] = self._expand(node_id, returned, seconds)
            return False
        self._finish(node_id, collect(returned, self.graph.nodes[node_id]["schema"]), seconds)
        return True

    def _finish(self, node_id: str, result: NodeResult, seconds: float) -> None:
        self._results[node_id] = result
        self.executed.append(node_id)
        key = self.keys[node_id]
        if key is not None:
            self.cache.put(key, result, seconds)
        self.emit(NodeFinished(node_id, self._label(node_id), seconds, result.ui))
        self._release(self._feeding(node_id))

    def _feeding(self, node_id: str) -> set[str]:
        return {self._twin(source) for source in self.graph.nodes[node_id]["sources"].values()}

    def _release(self, feeding: set[str]) -> None:
        for source in feeding:
            self.plan.uses[source] -= 1
            if self.plan.uses[source] <= 0 and source not in self._wanted:
                self._results.pop(source, None)  # the cache decides whether it stays in memory

    def _expand(self, node_id: str, returned: list[Returned], seconds: float) -> _Expanded:
        added = self.attempt.naming(node_id, lambda: self._added(node_id, returned))
        linked = {link.source for one in returned for link in one.links}
        outputs = [new for new in added if self.graph.nodes[new]["schema"].is_output]
        wanted = list(dict.fromkeys([*linked, *outputs]))
        for new in added:
            self.plan.uses.update(self._feeding(new))
        self.plan.uses.update(wanted)
        return _Expanded(returned, wanted, outputs, seconds)

    def _added(self, node_id: str, returned: list[Returned]) -> list[str]:
        added = [
            new for one in returned if one.graph is not None for new in self._added_one(node_id, one.graph)
        ]
        for link in (link for one in returned for link in one.links):
            if link.source not in self.graph:
                raise WorkflowError(f"its result is linked to node {link.source}, which its sub-graph lacks")
        return added

    def _added_one(self, node_id: str, data: Any) -> list[str]:
        added = expand(self.graph, data, self.schemas)
        self.attempt.hidden.prompt.add(node_id, data)
        inside = self.graph.subgraph(added)
        if not nx.is_directed_acyclic_graph(inside):
            raise WorkflowError("the links of its sub-graph run in a circle; remove one of them")
        add_keys(self.keys, nx.topological_sort(inside), self.graph, self.classes, self.attempt.journal.scope)
        return added

    def _collected(self, node_id: str, expanded: _Expanded) -> NodeResult:
        schema = self.graph.nodes[node_id]["schema"]
        result = collect(expanded.returned, schema, lambda link: self._values(link))
        shown = [self._results[output].ui or {} for output in expanded.outputs]
        self._release(set(expanded.wanted))
        return NodeResult(result.outputs, merged_ui([result.ui or {}, *shown]))

    def _lists(self, node_id: str) -> dict[str, list[Any]]:
        attrs = self.graph.nodes[node_id]
        schema, asked = attrs["schema"], self._asked.get(node_id, ())
        lists = {}
        for name, value in attrs["inputs"].items():
            if not isinstance(value, Link):
                lists[name] = [value]
            elif name in schema.raw:
                lists[name] = [[value.source, value.slot]]
            elif name in schema.lazy and name not in asked:
                lists[name] = [None]
            else:
                lists[name] = self._values(value)
        return lists

    def _values(self, link: Link) -> list[Any]:
        return self._results[self._twin(link.source)].outputs[link.slot]

    def _twin(self, node_id: str) -> str:
        return self.plan.twin.get(node_id, node_id)

    def _require_forward(self, node_id: str, circle: set[str]) -> None:
        if circle:
            node: Node = self.graph.nodes[node_id]["node"]
            raise NodeError(
                f"{where(node_id, node)} feeds what it needs itself; remove the link that leads back"
            )

    def _emit_cached(self, node_id: str) -> None:
        is_root = self.graph.nodes[node_id]["is_root"]
        ui = self._results[self.plan.twin[node_id]].ui if is_root else None
        self.emit(NodeCached(node_id, self._label(node_id), ui))

    def _label(self, node_id: str) -> str:
        label: str = self.graph.nodes[node_id]["node"].label
        return label
