"""ComfyUI's API format -> Workflow."""

from collections.abc import Mapping
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.packs import pack_of
from if_graph.graph.schema import NodeSchema
from if_graph.graph.wording import brief, kind_of, shown
from if_graph.graph.workflow import Node, Workflow, as_link


def is_api(data: dict[str, Any]) -> bool:
    """Tell whether JSON looks like the API format: objects by id, the first of them with a class."""
    return any(isinstance(node, dict) and "class_type" in node for node in data.values())


def read_api(
    data: dict[str, Any],
    schemas: Mapping[str, NodeSchema] | None = None,
    editor: dict[str, Any] | None = None,
) -> Workflow:
    """Read a workflow in API format.

    Args:
        data: the parsed JSON.
        schemas: what is known of the classes, for later edits.
        editor: editor JSON of the same graph, if the carrier holds it.

    Raises:
        WorkflowError: if a node is not an object with ``class_type`` and ``inputs``.
    """
    nodes = {str(node_id): _node(node_id, node) for node_id, node in data.items()}
    return Workflow(nodes, editor, schemas or {})


def _node(node_id: str, data: Any) -> Node:
    if not isinstance(data, dict):
        raise WorkflowError(
            f"node {brief(node_id)} is {kind_of(data)}, expected an object with 'class_type' and 'inputs'; "
            "export the workflow again with 'Export (API)'"
        )
    class_type = data.get("class_type")
    if not isinstance(class_type, str) or not class_type:
        raise WorkflowError(
            f"node {brief(node_id)}: 'class_type' is {shown(class_type)}, expected the name of a node class; "
            "export the workflow again with 'Export (API)'"
        )
    inputs = data.get("inputs", {})
    if not isinstance(inputs, dict):
        raise WorkflowError(
            f"node {brief(node_id)} ({brief(class_type)}): 'inputs' is {kind_of(inputs)}, "
            "expected an object of values by input name"
        )
    meta = data.get("_meta")
    meta = meta if isinstance(meta, dict) else {}
    return Node(
        class_type,
        {name: _value(value) for name, value in inputs.items()},
        meta["title"] if isinstance(meta.get("title"), str) else None,
        *pack_of(meta),
    )


def _value(value: Any) -> Any:
    if isinstance(value, dict) and isinstance(value.get("__value__"), list):
        return value["__value__"]
    return as_link(value)
