"""An address -> a connection to a Ray cluster, or one of this machine alone."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from if_graph.errors import WorkflowError

if TYPE_CHECKING:
    from if_graph.cluster.backend import RayBackend


@contextmanager
def ray_backend(
    classes: Mapping[str, type], address: str | None = None, **settings: Any
) -> Iterator["RayBackend"]:
    """Yield a backend on a cluster, and let its workers go afterwards.

    Args:
        classes: node classes by name.
        address: as Ray takes it, such as ``10.0.0.1:6379`` or ``auto``; a cluster on this machine, started
            for the purpose, if left out.
        settings: see :class:`if_graph.cluster.backend.RayBackend`.

    Raises:
        WorkflowError: if Ray is not installed or there is no cluster at the address.
    """
    try:
        import ray
    except ImportError as error:
        raise WorkflowError(
            "the backend 'ray' needs Ray, which is not installed; run \"pip install 'if-graph[cluster]'\""
        ) from error
    from if_graph.cluster.backend import RayBackend

    is_ours = not ray.is_initialized()
    if is_ours:
        try:
            ray.init(address=address, log_to_driver=False, logging_level="warning")
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = str(error).split("\n")[0]
            raise WorkflowError(
                f"no Ray cluster answers at '{address or 'this machine'}': {reason}; start one with "
                "'ray start --head' or name another with --address"
            ) from error
    backend = RayBackend(classes, **settings)
    try:
        yield backend
    finally:
        backend.close()
        if is_ours:
            ray.shutdown()
