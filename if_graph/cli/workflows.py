"""``if-graph workflows``: the shipped workflows by name."""

import argparse
import sys

from if_graph.errors import WorkflowError
from if_graph.graph.library import shipped_workflows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options: there are none."""


def run(args: argparse.Namespace) -> int:
    """Print each workflow's name, what it does, and what it needs first."""
    found = shipped_workflows()
    if not found:
        raise WorkflowError("no workflows are installed; run 'pip install -e .' in the repository")
    width = max(len(workflow.name) for workflow in found)
    for workflow in found:
        needs = f" Needs {workflow.needs}." if workflow.needs else ""
        sys.stdout.write(f"{workflow.name:<{width}}  {workflow.description}{needs}".rstrip() + "\n")
    return 0
