"""Runs workflows: validates, reuses what the cache holds, calls the rest, reports as it goes."""

import time
from collections.abc import Callable, Iterable, Mapping
from threading import Event as Flag
from typing import Any

from if_graph.graph.attempt import Attempt
from if_graph.graph.backends import Backend, LocalBackend
from if_graph.graph.cache import MemoryCache, NodeResult, ResultCache
from if_graph.graph.dag import build_dag
from if_graph.graph.events import Event, RunFailed, RunFinished, RunStarted, both
from if_graph.graph.hidden import HiddenInputs
from if_graph.graph.journal import Journal
from if_graph.graph.keys import content_keys
from if_graph.graph.plan import make_plan
from if_graph.graph.results import RunResult, collect
from if_graph.graph.run import Run
from if_graph.graph.schema import Schemas
from if_graph.graph.workflow import Node, Workflow

Stop = Flag | Callable[[], bool]


class Executor:
    """Runs workflows and remembers results between runs.

    Args:
        classes: node classes by name.
        cache: where results are kept; a :class:`MemoryCache` of its own if left out.
        backend: where nodes run; this process if left out.
    """

    def __init__(
        self, classes: Mapping[str, type], cache: ResultCache | None = None, backend: Backend | None = None
    ) -> None:
        self.classes = classes
        self.cache = cache if cache is not None else MemoryCache()
        self.backend = backend if backend is not None else LocalBackend()
        self._instances: dict[tuple[str, type], Any] = {}

    def run(
        self,
        workflow: Workflow,
        on_event: Callable[[Event], None] | None = None,
        extra_pnginfo: Mapping[str, Any] | None = None,
        targets: Iterable[str] | None = None,
        stop: Stop | None = None,
        journal: Journal | None = None,
    ) -> RunResult:
        """Run a workflow up to its outputs.

        Args:
            workflow: the workflow.
            on_event: receives an event for everything that happens.
            extra_pnginfo: what saved pictures embed besides the API format; the editor JSON if left out.
            targets: ids or titles of the nodes wanted; every output node if left out.
            stop: a flag or a function; once it says so the run ends within one step.
            journal: hears what happens first, and knows what an earlier try of this run had come to.

        Raises:
            WorkflowError: if the workflow cannot run; nothing was called then.
            NodeError: if a node fails.
            Interrupted: if it was stopped.
        """
        schemas = Schemas.of(self.classes)
        graph = build_dag(workflow, self.classes, targets, schemas)
        journal = journal or Journal()
        keys = content_keys(graph, self.classes, journal.scope)
        plan = make_plan(graph, keys, self.cache)
        self._forget_removed(workflow)
        emit = both(journal.hear, on_event)
        hidden = HiddenInputs(workflow, _embedded(workflow, extra_pnginfo))
        attempt = Attempt(
            graph, self.backend, self.cache, self._instance, hidden, emit, as_function(stop), journal
        )
        run = Run(graph, self.classes, schemas, keys, plan, self.cache, attempt, emit)
        return collect(plan, _watched(run), run.executed, keys, self.cache)

    def _instance(self, node_id: str, node: Node) -> Any:
        cls = self.classes[node.class_type]
        if (node_id, cls) not in self._instances:
            self._instances[node_id, cls] = cls()
        return self._instances[node_id, cls]

    def _forget_removed(self, workflow: Workflow) -> None:
        self._instances = {key: made for key, made in self._instances.items() if key[0] in workflow.nodes}


def _watched(run: Run) -> dict[str, NodeResult]:
    """Carry out a run between its first and its last event."""
    order = [node_id for node_id in run.plan.order if node_id in run.plan.execute]
    cached = [node_id for node_id in run.plan.order if node_id not in run.plan.execute]
    run.emit(RunStarted(tuple(order), tuple(cached)))
    began = time.perf_counter()
    try:
        results = run.carry_out()
    except BaseException as error:
        run.emit(RunFailed(error))
        raise
    run.emit(RunFinished(time.perf_counter() - began))
    return results


def _embedded(workflow: Workflow, extra_pnginfo: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if extra_pnginfo is not None or workflow.editor is None:
        return extra_pnginfo
    return {"workflow": workflow.editor}


def as_function(stop: Stop | None) -> Callable[[], bool]:
    """Return a function that tells whether to stop, whatever form the wish for it has."""
    if stop is None:
        return lambda: False
    return stop.is_set if isinstance(stop, Flag) else stop
