"""A name for inputs and a value -> the workflow with that value: ``NODE.INPUT``, or a word for several."""

import json
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.schema import NodeSchema
from if_graph.graph.wording import brief, kind_of, listed
from if_graph.graph.workflow import Link, Workflow, where

Place = tuple[str, str]
"""A node's id and the name of one of its inputs."""

_NAMES = {
    "prompt": (("prompt",), "STRING"),
    "seed": (("seed", "noise_seed"), "INT"),
    "guidance": (("guidance_scale",), "FLOAT"),
}
SHORTHANDS = tuple(_NAMES)
"""Words that stand for inputs without naming their node: the one prompt, every seed, every guidance scale."""


def places_of(workflow: Workflow, target: str) -> list[Place]:
    """Return the inputs that a target stands for.

    Args:
        workflow: the workflow.
        target: ``NODE.INPUT``, where NODE is an id or a title, or one of ``SHORTHANDS``.

    Raises:
        WorkflowError: if there is no such node, or a shorthand fits nowhere or is ambiguous.
    """
    if target in SHORTHANDS:
        return _shorthand(workflow, target)
    node_ref, dot, name = target.rpartition(".")
    if not (dot and node_ref and name):
        raise WorkflowError(f"got '{brief(target)}', expected NODE.INPUT or one of {listed(SHORTHANDS)}")
    return [(workflow.find(node_ref), name)]


def with_value(workflow: Workflow, target: str, value: Any) -> Workflow:
    """Return a copy of a workflow in which the inputs that ``target`` stands for have another value.

    Raises:
        WorkflowError: if there is no such node or input.
    """
    for node_id, name in places_of(workflow, target):
        workflow = workflow.with_input(node_id, name, value)
    return workflow


def plain_value(value: Any, at: str, wanted: str = "a plain value") -> Any:
    """Return a value as a workflow file would hold it.

    Args:
        value: the value.
        at: where it was given, for the message.
        wanted: what to give instead, for the message.

    Raises:
        WorkflowError: if no file can hold it.
    """
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        raise WorkflowError(
            f"{at} got {kind_of(value)}, which no workflow file can hold; give {wanted}"
        ) from None


def value_of(workflow: Workflow, target: str, text: str) -> Any:
    """Read a value that was typed as text: as JSON where the first input that ``target`` names takes that.

    Texts, and choices that look like numbers, are kept as they are.
    """
    node_id, name = places_of(workflow, target)[0]
    schema: NodeSchema | None = workflow.schemas.get(workflow.nodes[node_id].class_type)
    spec = schema.inputs.get(name) if schema else None
    if spec is not None and (spec.kind == "STRING" or text in (spec.choices or ())):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _shorthand(workflow: Workflow, word: str) -> list[Place]:
    found = _constants(workflow, *_NAMES[word])
    if not found:
        raise WorkflowError(f"no node of the workflow has a {word} of its own; name the input as NODE.INPUT")
    if word == "prompt" and len(found) > 1:
        names = listed(where(node_id, workflow.nodes[node_id]) for node_id, _ in found)
        raise WorkflowError(f"several nodes have a 'prompt': {names}; choose one as ID.prompt")
    return found


def _constants(workflow: Workflow, names: tuple[str, ...], kind: str) -> list[Place]:
    found = []
    for node_id, node in workflow.nodes.items():
        schemas = workflow.schemas
        declared = schemas[node.class_type].inputs if node.class_type in schemas else {}
        for name in names:
            fits = name in declared and declared[name].kind == kind
            if fits and name in node.inputs and not isinstance(node.inputs[name], Link):
                found.append((node_id, name))
    return found
