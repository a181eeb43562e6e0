"""The sub-graph a node returned -> nodes of the running graph."""

from collections.abc import Mapping
from typing import Any

import networkx as nx

from if_graph.errors import WorkflowError
from if_graph.graph.api_format import read_api
from if_graph.graph.schema import NodeSchema
from if_graph.graph.wording import brief, kind_of, nearest
from if_graph.graph.workflow import Link, Node, sources_of, where


def expand(graph: nx.DiGraph, data: Any, schemas: Mapping[str, NodeSchema]) -> list[str]:
    """Add a sub-graph to the running graph and return the ids of its nodes.

    Its constants may be any objects and are passed on as they are, which is why they are not checked.

    Args:
        graph: what :func:`if_graph.graph.dag.build_dag` returned; it grows.
        data: nodes by id, in API format; links may lead to nodes outside.
        schemas: descriptions of the node classes.

    Raises:
        WorkflowError: if it uses an id again, or a class or a node that does not exist.
    """
    if not isinstance(data, dict):
        raise WorkflowError(f"its sub-graph is {kind_of(data)}, expected an object of nodes by id")
    nodes = read_api(data).nodes
    for node_id, node in nodes.items():
        _require_new(graph, node_id, node, schemas)
    for node_id, node in nodes.items():
        schema = schemas[node.class_type]
        inputs = {name: node.inputs[name] for name in schema.inputs if name in node.inputs}
        graph.add_node(
            node_id, node=node, schema=schema, inputs=inputs, is_root=False, sources=sources_of(inputs)
        )
    for node_id in nodes:
        _add_edges(graph, node_id)
    return list(nodes)


def _require_new(graph: nx.DiGraph, node_id: str, node: Node, schemas: Mapping[str, NodeSchema]) -> None:
    if node_id in graph:
        raise WorkflowError(f"its sub-graph uses the id {brief(node_id)} again; build it with GraphBuilder")
    if node.class_type not in schemas:
        raise WorkflowError(
            f"its sub-graph: {where(node_id, node)} is of no known class; {nearest(node.class_type, schemas)}"
        )


def _add_edges(graph: nx.DiGraph, node_id: str) -> None:
    attrs = graph.nodes[node_id]
    for name, value in attrs["inputs"].items():
        if not isinstance(value, Link):
            continue
        source = graph.nodes.get(value.source)
        if source is None or not 0 <= value.slot < len(source["schema"].outputs):
            raise WorkflowError(
                f"its sub-graph: {where(node_id, attrs['node'])}: input '{name}' is linked to output "
                f"{value.slot} of node {brief(value.source)}, which does not exist"
            )
        graph.add_edge(value.source, node_id)
