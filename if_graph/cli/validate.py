"""``if-graph validate``: a workflow -> whether it can run."""

import argparse
import sys

from if_graph.cli.edits import add_workflow_arguments, edited_workflow
from if_graph.cli.host import add_folder_arguments, add_nodes_argument, classes_of, folders_of
from if_graph.folders import using_folders
from if_graph.graph.dag import build_dag


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_workflow_arguments(parser)
    add_folder_arguments(parser)
    add_nodes_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Check the workflow and say how large it is."""
    classes = classes_of(args)
    with using_folders(folders_of(args)):
        workflow = edited_workflow(args, classes)
        graph = build_dag(workflow, classes)
    idle = len(workflow.nodes) - len(graph)
    unused = f", {idle} more feed none" if idle else ""
    sys.stdout.write(
        f"{args.workflow}: valid, {len(graph)} nodes, {len(graph.graph['roots'])} outputs{unused}\n"
    )
    return 0
