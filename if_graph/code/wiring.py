"""What Python code passes to a node -> the inputs of a workflow's node, checked on the spot."""

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from if_graph.code.handles import NodeHandle, Output
from if_graph.errors import WorkflowError
from if_graph.graph.edits import plain_value
from if_graph.graph.inputs import NodeChecker
from if_graph.graph.schema import NodeSchema
from if_graph.graph.wording import brief, nearest
from if_graph.graph.workflow import Link, Node, Workflow, where


def wired(graph: object, node_id: str, node: Node, schema: NodeSchema, inputs: Mapping[str, Any]) -> Node:
    """Return ``node`` with more inputs: outputs become links, constants plain JSON values.

    Args:
        graph: the graph it belongs to.
        node_id: its id, for messages.
        node: the node so far.
        schema: its class.
        inputs: constants, outputs, or nodes with one output, by input name.

    Raises:
        WorkflowError: if there is no such input, or a value can be neither stored nor linked.
    """
    for name in inputs:
        if name not in schema.inputs:
            raise WorkflowError(
                f"{where(node_id, node)}: there is no input '{brief(name)}'; {nearest(name, schema.inputs)}"
            )
    values = {
        name: _value(graph, f"{where(node_id, node)}: input '{name}'", value)
        for name, value in inputs.items()
    }
    return replace(node, inputs={**node.inputs, **values})


def with_defaults(schema: NodeSchema, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in required fields that the class declares a value for, as an editor does for a new node."""
    fields = (spec for spec in schema.inputs.values() if spec.required and spec.is_widget)
    preset = {spec.name: spec.default for spec in fields if "default" in spec.options or spec.choices}
    return {**preset, **inputs}


def require_fit(workflow: Workflow, classes: Mapping[str, type], node_id: str, node: Node) -> None:
    """Check a node that is about to join or change, against its class and what feeds it.

    Raises:
        WorkflowError: if an input is missing, ill-typed, out of range or leads back to the node.
    """
    nodes = ChainMap({node_id: node}, dict(workflow.nodes))
    checker = NodeChecker(Workflow(nodes), workflow.schemas, classes)
    links = checker.links(node_id)
    checker.checked(node_id)
    for name, link in links:
        if _leads_to(nodes, link.source, node_id):
            raise WorkflowError(
                f"{where(node_id, node)}: input '{name}' got {where(link.source, nodes[link.source])}, which "
                "needs that node itself; links may not run in a circle, connect something else"
            )


def _leads_to(nodes: Mapping[str, Node], start: str, wanted: str) -> bool:
    waiting, seen = [start], {start}
    while waiting:
        current = waiting.pop()
        if current == wanted:
            return True
        inputs = nodes[current].inputs.values() if current in nodes else ()
        new = {value.source for value in inputs if isinstance(value, Link)} - seen
        seen |= new
        waiting.extend(new)
    return False


def _value(graph: object, at: str, value: Any) -> Any:
    if isinstance(value, NodeHandle):
        value = _only_output(at, value)
    if isinstance(value, Output):
        if value.graph is not graph:
            raise WorkflowError(f"{at} got {value!r} of another graph; make that node in this graph")
        return Link(value.node_id, value.slot)
    return plain_value(value, at, "a plain value or an output")  # what runs is what a file would hold


def _only_output(at: str, node: NodeHandle) -> Output:
    if len(node) != 1:
        raise WorkflowError(f"{at} got {node!r}, expected one output; name one, or give its number in [ ]")
    return node[0]
