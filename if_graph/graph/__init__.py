"""Any DAG of node classes: read a workflow, check it, run what changed; knows no diffusion.

The names below are all that a script needs; they are loaded on first use, so that listing workflows
or asking for help does not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from if_graph.graph.cache import MemoryCache as MemoryCache
    from if_graph.graph.cache import TieredCache as TieredCache
    from if_graph.graph.disk_cache import DiskCache as DiskCache
    from if_graph.graph.executor import Executor as Executor
    from if_graph.graph.load import load_workflow as load_workflow
    from if_graph.graph.registry import load_node_classes as load_node_classes
    from if_graph.graph.results import RunResult as RunResult
    from if_graph.graph.workflow import Link as Link
    from if_graph.graph.workflow import Node as Node
    from if_graph.graph.workflow import Workflow as Workflow

_HOMES = {
    "DiskCache": "disk_cache",
    "Executor": "executor",
    "Link": "workflow",
    "MemoryCache": "cache",
    "Node": "workflow",
    "RunResult": "results",
    "TieredCache": "cache",
    "Workflow": "workflow",
    "load_node_classes": "registry",
    "load_workflow": "load",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
