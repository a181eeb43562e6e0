"""Python code -> a workflow, node by node, and its runs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Event as Flag
from threading import RLock
from typing import TYPE_CHECKING, Any

from if_graph.code.functions import NodeFunctions
from if_graph.code.handles import NodeHandle, Output
from if_graph.code.result import Result
from if_graph.code.running import Running
from if_graph.code.wiring import require_fit, wired, with_defaults
from if_graph.errors import WorkflowError
from if_graph.graph.dag import require_known_classes
from if_graph.graph.events import Event
from if_graph.graph.load import Source, load_workflow
from if_graph.graph.registry import load_node_classes
from if_graph.graph.save import as_text, write_text
from if_graph.graph.schema import NodeSchema, Schemas
from if_graph.graph.workflow import Link, Node, Workflow

if TYPE_CHECKING:
    from if_graph.batch.record import JobResult
    from if_graph.batch.run import Watcher
    from if_graph.graph.executor import Executor

Wanted = Output | NodeHandle


class Graph:
    """A graph that Python code writes, saves and runs.

    Args:
        classes: node classes by name; the installed ones if left out.
        executor: who runs it, for a cache or backend of one's own; it brings its own classes.
    """

    def __init__(self, classes: Mapping[str, type] | None = None, executor: "Executor | None" = None) -> None:
        given = executor.classes if executor is not None else classes
        self._classes = given if given is not None else load_node_classes()
        self._schemas = Schemas.of(self._classes)
        self._executor = executor
        self._one_run = RLock()  # an executor does one run at a time
        self.workflow = Workflow({}, schemas=self._schemas)
        self.nodes = NodeFunctions(self._add, self._schemas)

    @classmethod
    def load(
        cls, source: Source, classes: Mapping[str, type] | None = None, executor: "Executor | None" = None
    ) -> "Graph":
        """Return the graph of a workflow: a path, a shipped name, or parsed JSON.

        Raises:
            WorkflowError: if it cannot be read, or a class of it is not installed.
        """
        graph = cls(classes, executor)
        workflow = load_workflow(source, graph._classes)
        require_known_classes(workflow, graph._schemas)
        graph.workflow = replace(workflow, schemas=graph._schemas)
        return graph

    def __getitem__(self, node_ref: str) -> NodeHandle:
        return NodeHandle(self, self.workflow.find(node_ref))

    def __iter__(self) -> Iterator[NodeHandle]:
        return (NodeHandle(self, node_id) for node_id in self.workflow.nodes)

    def __len__(self) -> int:
        return len(self.workflow.nodes)

    def node(self, node_id: str) -> Node:
        """Return a node's record."""
        return self.workflow.nodes[node_id]

    def schema(self, node_id: str) -> NodeSchema:
        """Return what is known of a node's class."""
        return self._schemas[self.node(node_id).class_type]

    def save(self, path: str | Path, to: str = "api") -> None:
        """Write the workflow as JSON.

        Args:
            path: the file.
            to: ``api``, which servers run, or ``editor``, which editors draw; a loaded drawing is kept as
                long as only constants change.

        Raises:
            WorkflowError: if there is no such format, or the file cannot be written.
        """
        write_text(Path(path), as_text(self.workflow, to))

    def run(
        self,
        *wanted: Wanted,
        on_event: Callable[[Event], None] | None = None,
        stop: Flag | Callable[[], bool] | None = None,
    ) -> Result:
        """Run in this thread; results of earlier runs are reused.

        Args:
            wanted: outputs or nodes to make; without any, all output nodes, or all that feed nothing.
            on_event: hears of everything that happens.
            stop: a flag or a function; once it says so the run ends within one step.

        Raises:
            WorkflowError: if it cannot run; nothing was called then.
            NodeError: if a node fails.
            Interrupted: if it was stopped.
        """
        return self._run(self.workflow, self._targets(wanted), on_event, stop)

    async def run_async(self, *wanted: Wanted, on_event: Callable[[Event], None] | None = None) -> Result:
        """Run as :meth:`run` does, in another thread; cancelling the task stops the run."""
        workflow, targets = self.workflow, self._targets(wanted)
        return await Running(lambda _, stop: self._run(workflow, targets, on_event, stop))

    def start(self, *wanted: Wanted) -> Running:
        """Start a run of the graph as it is now, in another thread; the handle watches and cancels it."""
        workflow, targets = self.workflow, self._targets(wanted)
        return Running(lambda on_event, stop: self._run(workflow, targets, on_event, stop))

    def batch(
        self,
        out: str | Path,
        jobs: Iterable[Mapping[str, Any]] = (),
        sweep: Mapping[str, Sequence[Any]] | None = None,
        resume: bool = False,
        on_event: "Watcher | None" = None,
        stop: Flag | Callable[[], bool] | None = None,
    ) -> list["JobResult"]:
        """Run the output nodes with many settings, as ``if-graph batch`` does; what jobs share is made once.

        Args:
            out: folder for ``results.jsonl``, the contact sheet and a folder per job.
            jobs: settings of each job, by ``NODE.INPUT`` or ``prompt``, ``seed`` or ``guidance``; ``id``
                names it.
            sweep: values to try by the same names; several make a grid, at each place of which every job is
                done.
            resume: whether to leave out what ``out`` records as done; else such a folder is refused.
            on_event: hears of everything that happens.
            stop: a flag or a function; once it says so the batch ends within one step.

        Returns:
            How each job ended, in order; a failed one says why and does not end the others.

        Raises:
            WorkflowError: if a job cannot run; nothing was called then.
            Interrupted: if it was stopped.
        """
        from if_graph.code.batching import run_batch  # it brings torch

        with self._one_run:
            return run_batch(self.workflow, self._engine(), Path(out), jobs, sweep, resume, on_event, stop)

    def change(self, node_id: str, inputs: Mapping[str, Any]) -> None:
        """Give inputs of a node other values, all or none; see :meth:`NodeHandle.set`."""
        node = wired(self, node_id, self.node(node_id), self.schema(node_id), inputs)
        require_fit(self.workflow, self._classes, node_id, node)
        workflow = self.workflow
        for name in inputs:
            workflow = workflow.with_input(node_id, name, node.inputs[name])
        self.workflow = workflow

    def rename(self, node_id: str, title: str) -> None:
        """Give a node a title; a loaded drawing is drawn anew."""
        node = replace(self.node(node_id), title=title)
        self.workflow = replace(self.workflow, nodes={**self.workflow.nodes, node_id: node}, editor=None)

    def _add(self, class_type: str, inputs: Mapping[str, Any]) -> NodeHandle:
        nodes, schema = self.workflow.nodes, self._schemas[class_type]
        node_id = next(str(i) for i in count(len(nodes) + 1) if str(i) not in nodes)
        node = wired(self, node_id, Node(class_type), schema, with_defaults(schema, inputs))
        require_fit(self.workflow, self._classes, node_id, node)
        self.workflow = replace(self.workflow, nodes={**nodes, node_id: node}, editor=None)
        return NodeHandle(self, node_id)

    def _run(self, workflow: Workflow, targets: list[str], on_event: Any, stop: Any) -> Result:
        with self._one_run:
            return Result(self, self._engine().run(workflow, on_event, targets=targets, stop=stop))

    def _engine(self) -> "Executor":
        if self._executor is None:
            from if_graph.graph.executor import Executor  # it brings torch

            self._executor = Executor(self._classes)
        return self._executor

    def _targets(self, wanted: tuple[Wanted, ...]) -> list[str]:
        for one in wanted:
            if not isinstance(one, Output | NodeHandle) or one.graph is not self:
                raise WorkflowError(f"run got {one!r}, expected nodes or outputs of this graph")
        if wanted:
            return [one.node_id if isinstance(one, Output) else one.id for one in wanted]
        nodes = self.workflow.nodes
        shown = [node_id for node_id in nodes if self.schema(node_id).is_output]
        links = (v for node in nodes.values() for v in node.inputs.values() if isinstance(v, Link))
        targets = shown or [*nodes.keys() - {link.source for link in links}]
        if not targets:
            raise WorkflowError("the graph is empty, so there is nothing to run; add a node first")
        return sorted(targets, key=list(nodes).index)
