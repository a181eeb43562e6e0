"""Any source of a workflow -> Workflow: a path, a shipped name, a picture, or parsed JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.api_format import is_api, read_api
from if_graph.graph.carriers import Carried, read_carrier
from if_graph.graph.editor_format import is_editor, read_editor
from if_graph.graph.library import read_source
from if_graph.graph.object_info import ObjectInfo
from if_graph.graph.registry import load_node_classes
from if_graph.graph.schema import NodeSchema, Schemas
from if_graph.graph.wording import listed
from if_graph.graph.workflow import Workflow

Source = str | Path | dict[str, Any]


def load_workflow(
    source: Source,
    classes: Mapping[str, type] | None = None,
    object_info: Mapping[str, Mapping[str, Any]] | None = None,
) -> Workflow:
    """Read a workflow in API or editor format.

    Args:
        source: a path (JSON, PNG or WebP), the name of a shipped workflow, or parsed JSON.
        classes: the node classes to read it for; the installed ones if left out.
        object_info: descriptions of classes as ComfyUI's /object_info gives them; they stand before those of
            ``classes``, and without ``classes`` alone.

    Raises:
        WorkflowError: if it cannot be read.
    """
    carried = Carried(source) if isinstance(source, dict) else read_carrier(*read_source(source))
    name = "the workflow" if isinstance(source, dict) else str(source)
    return _read(carried, name, _schemas(classes, object_info))


def _schemas(
    classes: Mapping[str, type] | None, object_info: Mapping[str, Mapping[str, Any]] | None
) -> Mapping[str, NodeSchema]:
    if object_info is None:
        return Schemas.of(classes if classes is not None else load_node_classes())
    if classes is None:
        return Schemas(object_info)
    return Schemas({**ObjectInfo(classes), **object_info})


def _read(carried: Carried, name: str, schemas: Mapping[str, NodeSchema]) -> Workflow:
    if is_editor(carried.graph):
        return read_editor(carried.graph, schemas)
    if is_api(carried.graph):
        return read_api(carried.graph, schemas, carried.editor)
    raise WorkflowError(
        f"{name} is neither API nor editor format: its keys are {listed(carried.graph) or 'none'}; "
        "expected nodes by id, or an object with 'nodes' and 'links'"
    )
