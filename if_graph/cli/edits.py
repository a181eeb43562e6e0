"""The options that name a workflow and change values in it -> the workflow to run."""

import argparse
from collections.abc import Mapping
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.edits import value_of, with_value
from if_graph.graph.load import load_workflow
from if_graph.graph.workflow import Workflow


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
    for word in ("prompt", "seed"):
        value = getattr(args, word)
        workflow = workflow if value is None else _with_option(workflow, word, value)
    for change in args.set:
        workflow = _with_change(workflow, change)
    return workflow


def _with_option(workflow: Workflow, word: str, value: Any) -> Workflow:
    try:
        return with_value(workflow, word, value)
    except WorkflowError as error:
        raise WorkflowError(f"--{word}: {error}, with --set") from error


def _with_change(workflow: Workflow, change: str) -> Workflow:
    place, equals, text = change.partition("=")
    node_ref, dot, name = place.rpartition(".")
    if not (equals and dot and node_ref and name):
        raise WorkflowError(f"--set got '{change}', expected NODE.INPUT=VALUE, for example --set 3.seed=7")
    return with_value(workflow, place, value_of(workflow, place, text))
