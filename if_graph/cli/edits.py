"""The options that name a workflow and change values in it -> the workflow to run."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.load import load_workflow
from if_graph.graph.schema import NodeSchema, Schemas
from if_graph.graph.wording import listed
from if_graph.graph.workflow import Link, Workflow, where

_SEEDS = ("seed", "noise_seed")


def add_workflow_arguments(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add WORKFLOW and the options that change values in it."""
    parser.add_argument(
        "workflow",
        metavar="WORKFLOW",
        nargs="?" if default else None,
        default=default,
        help="path of a JSON or PNG file, or the name of a shipped workflow"
        + (f" (default: {default})" if default else ""),
    )
    parser.add_argument(
        "--set",
        metavar="NODE.INPUT=VALUE",
        action="append",
        default=[],
        help="set one input; NODE is an id or a title; may be repeated",
    )
    parser.add_argument("--prompt", metavar="TEXT", help="set the workflow's prompt")
    parser.add_argument("--seed", metavar="N", type=int, help="set every seed of the workflow")


def edited_workflow(args: argparse.Namespace, classes: Mapping[str, type]) -> Workflow:
    """Load the workflow that the options name and apply their changes.

    Raises:
        WorkflowError: if it cannot be read, or a change fits nowhere.
    """
    workflow = load_workflow(args.workflow, classes)
    schemas = Schemas.of(classes)
    if args.prompt is not None:
        workflow = _with_prompt(workflow, schemas, args.prompt)
    if args.seed is not None:
        workflow = _with_seed(workflow, schemas, args.seed)
    for change in args.set:
        workflow = _with_change(workflow, schemas, change)
    return workflow


def _constants(
    workflow: Workflow, schemas: Schemas, names: tuple[str, ...], kind: str
) -> list[tuple[str, str]]:
    found = []
    for node_id, node in workflow.nodes.items():
        declared = schemas[node.class_type].inputs if node.class_type in schemas else {}
        for name in names:
            fits = name in declared and declared[name].kind == kind
            if fits and name in node.inputs and not isinstance(node.inputs[name], Link):
                found.append((node_id, name))
    return found


def _with_prompt(workflow: Workflow, schemas: Schemas, text: str) -> Workflow:
    found = _constants(workflow, schemas, ("prompt",), "STRING")
    if not found:
        raise WorkflowError(
            "--prompt: no node of the workflow has a text input 'prompt'; use --set NODE.INPUT=TEXT"
        )
    if len(found) > 1:
        names = listed(where(node_id, workflow.nodes[node_id]) for node_id, _ in found)
        raise WorkflowError(
            f"--prompt: several nodes have a 'prompt': {names}; choose one with --set ID.prompt=TEXT"
        )
    return workflow.with_input(*found[0], text)


def _with_seed(workflow: Workflow, schemas: Schemas, seed: int) -> Workflow:
    found = _constants(workflow, schemas, _SEEDS, "INT")
    if not found:
        raise WorkflowError(
            "--seed: no node of the workflow has a seed of its own; use --set NODE.INPUT=NUMBER"
        )
    for node_id, name in found:
        workflow = workflow.with_input(node_id, name, seed)
    return workflow


def _with_change(workflow: Workflow, schemas: Schemas, change: str) -> Workflow:
    place, equals, text = change.partition("=")
    node_ref, dot, name = place.rpartition(".")
    if not (equals and dot and node_ref and name):
        raise WorkflowError(f"--set got '{change}', expected NODE.INPUT=VALUE, for example --set 3.seed=7")
    schema = schemas.get(workflow.nodes[workflow.find(node_ref)].class_type)
    return workflow.with_input(node_ref, name, _parsed(text, schema, name))


def _parsed(text: str, schema: NodeSchema | None, name: str) -> Any:
    """Read a value as JSON where that makes sense: not for texts, nor for choices that look like numbers."""
    spec = schema.inputs.get(name) if schema else None
    if spec is not None and (spec.kind == "STRING" or text in (spec.choices or ())):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
