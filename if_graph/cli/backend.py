"""``--backend ray --address HOST:PORT`` -> who performs the calls of nodes."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from if_graph.cluster.connect import ray_backend
from if_graph.errors import WorkflowError
from if_graph.graph.registry import NodeClasses

if TYPE_CHECKING:
    from if_graph.cluster.backend import RayBackend

BACKENDS = ("local", "ray")


def add_backend_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--backend``, ``--address`` and ``--workers``."""
    parser.add_argument(
        "--backend", choices=BACKENDS, default="local",
        help="where nodes that need a model run: in this process, or on a Ray cluster (default: local)",
    )  # fmt: skip
    parser.add_argument(
        "--address", metavar="HOST:PORT",
        help="the Ray cluster, 'auto' for this machine's own (default: one started here for the purpose)",
    )  # fmt: skip
    parser.add_argument(
        "--workers", metavar="N", type=int,
        help="workers on the cluster (default: one per GPU, and one per machine without a GPU)",
    )  # fmt: skip


@contextmanager
def backend_of(args: argparse.Namespace, classes: NodeClasses) -> Iterator["RayBackend | None"]:
    """Yield the cluster that the options ask for, or None for this process.

    Raises:
        WorkflowError: if options do not go together, or there is no such cluster.
    """
    if args.backend == "local":
        given = [name for name in ("address", "workers") if getattr(args, name) is not None]
        if given:
            raise WorkflowError(f"--{given[0]} is for a cluster, got --backend local; add --backend ray")
        yield None
        return
    if args.workers is not None and args.workers < 1:
        raise WorkflowError(
            f"--workers is {args.workers}, expected at least 1; leave it out for all there are"
        )
    packs = tuple(str(Path(pack).resolve()) for pack in args.nodes)
    with ray_backend(classes, args.address, packs=packs, workers=args.workers) as backend:
        yield backend
