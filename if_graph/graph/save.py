"""Workflow -> a JSON file in either format, whole or not at all."""

import json
from pathlib import Path

from if_graph.errors import WorkflowError
from if_graph.files import unfinished
from if_graph.graph.dag import require_known_classes
from if_graph.graph.wording import shown
from if_graph.graph.workflow import Workflow

FORMATS = ("api", "editor")


def as_text(workflow: Workflow, to: str) -> str:
    """Return a workflow as JSON text.

    Args:
        workflow: the workflow.
        to: ``api``, which servers run, or ``editor``, which editors draw.

    Raises:
        WorkflowError: if there is no such format, or a class has no description.
    """
    if to not in FORMATS:
        raise WorkflowError(f"the format of a workflow file is {shown(to)}, expected 'api' or 'editor'")
    if to == "editor" or workflow.editor is not None:  # fields have names only through their class
        require_known_classes(workflow, workflow.schemas)
    data = workflow.to_editor() if to == "editor" else workflow.to_api()
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write a file as :func:`write_bytes` does.

    Raises:
        WorkflowError: if it cannot be written; what was there before is still there then.
    """
    try:
        data = text.encode("utf-8")
    except ValueError as error:  # half a surrogate pair, which no file can hold
        raise WorkflowError(f"{path} cannot be written: {error}; choose other texts") from error
    write_bytes(path, data)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, then rename.

    Raises:
        WorkflowError: if it cannot be written; what was there before is still there then.
    """
    try:
        with unfinished(path) as part:
            part.write_bytes(data)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can hold
        raise WorkflowError(f"{path} cannot be written: {error}; choose another place") from error
