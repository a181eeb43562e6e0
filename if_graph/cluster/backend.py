"""A node's call -> a worker of a Ray cluster that has, or makes, the model it needs."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from threading import Event, Lock
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError, RayTaskError

from if_graph.cluster.crew import Crew, Member, Pool
from if_graph.cluster.recipes import Recipe, recipe_outputs, recipes_in, with_models
from if_graph.cluster.worker import Worker
from if_graph.errors import IFGraphError, Interrupted, WorkflowError
from if_graph.folders import Folders, current_folders
from if_graph.graph.backends import LocalBackend, NodeCall
from if_graph.graph.cache import MemoryCache
from if_graph.progress import report

RETRIES = 3
log = logging.getLogger(__name__)


class WorkerLostError(IFGraphError):
    """A call took its worker with it each time it was tried."""


class RayBackend:
    """Performs calls that need a model on the cluster, all others here; many threads may call at once.

    Args:
        classes: node classes by name, as the workers load them too.
        packs: folders of node packs, found under the same path on every machine.
        workers: how many; one per GPU and one per machine without any if left out.
        memory: bytes of models that a worker keeps; half of its machine's if left out.
        retries: how often a call is tried again after its worker died.
        previews: whether progress brings pictures along.
    """

    def __init__(
        self,
        classes: Mapping[str, type],
        packs: tuple[str, ...] = (),
        workers: int | None = None,
        memory: int | None = None,
        retries: int = RETRIES,
        previews: bool = False,
    ) -> None:
        self._classes, self._retries = classes, retries
        self._names = {cls: name for name, cls in classes.items()}
        self._models = MemoryCache(memory)
        gpus = _gpus_per_worker(workers)
        members = [Member(_actor(has_gpu, (packs, memory, previews)), has_gpu) for has_gpu in gpus]
        self._one_here, self._closed = Lock(), Event()
        self.crew = Crew(members, self._await_ready)

    @property
    def width(self) -> int:
        """How many calls can be under way at once."""
        return len(self.crew.members)

    def call(self, call: NodeCall) -> Any:
        """Return what the node's function returns, or recipes in place of models.

        Raises:
            WorkerLostError: if its workers died, one after the other.
            Interrupted: if the host wants to stop.
        """
        cls = type(call.instance)
        name = self._names.get(cls, cls.__name__)
        if getattr(cls, "RESIDENT", False):
            return recipe_outputs(name, cls, call.inputs)
        needed = next(recipes_in(call.inputs.values()), None)
        if needed is None:
            return LocalBackend().call(call)
        if getattr(cls, "OUTPUT_NODE", False):  # its files belong here
            with self._one_here:
                there = with_models(call.inputs, self._classes, self._models)
            return LocalBackend().call(NodeCall(call.node_id, call.instance, there))
        return self._tried(name, call.inputs, _pool(needed.root))

    def close(self) -> None:
        """Let the workers go."""
        self._closed.set()
        for member in self.crew.members:
            with suppress(RayError):
                ray.kill(member.actor, no_restart=True)

    def _await_ready(self, member: Member) -> None:
        while not self._closed.is_set():
            try:
                ray.get(member.actor.ready.remote(), timeout=60)
                return
            except (GetTimeoutError, RayActorError):  # it is being started again
                self._closed.wait(0.2)

    def _tried(self, name: str, inputs: Mapping[str, Any], pool: Pool) -> Any:
        for attempt in range(self._retries + 1):
            try:
                with self.crew.lend(pool) as member:
                    outcome = _outcome(member, name, inputs)
            except RayActorError as error:
                log.warning("a worker died in %s, try %d: %s", name, attempt + 1, str(error).split("\n")[0])
                continue
            kind, value = outcome
            if kind == "failed":
                raise value
            return value
        raise WorkerLostError(
            f"its worker died each of the {self._retries + 1} times it was tried; see the logs of the "
            "workers in Ray's dashboard, most often memory ran out"
        )


def _outcome(member: Member, name: str, inputs: Mapping[str, Any]) -> tuple[str, Any]:
    stream = member.actor.perform.remote(name, dict(inputs), _absolute(current_folders()))
    stopped: BaseException | None = None
    for kind, value in _messages(stream):
        if kind != "step":
            return ("failed", stopped) if stopped is not None else (kind, value)
        try:
            if stopped is None:
                report(*value)
        except BaseException as error:  # the host's wish to stop, kept until the worker is free again
            stopped = error
            member.actor.stop.remote()
    raise Interrupted("a worker ended without a result")


def _absolute(folders: Folders) -> Folders:
    return Folders(*(path.absolute() for path in (folders.input, folders.output, folders.temp)))


def _messages(stream: Any) -> Iterator[tuple[str, Any]]:
    for ref in stream:
        try:
            yield ray.get(ref)
        except RayTaskError as error:  # for example a result that cannot be sent
            yield "failed", WorkflowError(f"its result cannot travel between machines: {error.cause}")
            return


def _pool(root: Recipe) -> Pool:
    return Pool(root.key, root.title, root.inputs.get("device") == "cpu")


def _gpus_per_worker(workers: int | None) -> list[bool]:
    """Say for each worker to be whether it has a GPU."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    found = [True] * sum(int(node.get("GPU", 0)) for node in nodes)
    found += [False] * sum(1 for node in nodes if not node.get("GPU") and node.get("CPU", 0) >= 1)
    if workers is None:
        return found or [False]
    return (found + [bool(found and found[0])] * workers)[:workers]


def _actor(has_gpu: bool, arguments: tuple[Any, ...]) -> Any:
    """Start a worker that Ray starts again, here or elsewhere, whenever it dies."""
    made = ray.remote(Worker).options(
        num_cpus=1,
        num_gpus=1 if has_gpu else 0,
        max_restarts=-1,
        scheduling_strategy="SPREAD",
        max_concurrency=2,  # the second hears that the first shall stop
    )
    return made.remote(*arguments)
