"""Names of shipped workflows and paths of files -> their bytes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from if_graph.errors import WorkflowError
from if_graph.folders import SHIPPED
from if_graph.graph.wording import nearest

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable  # new in 3.11

PACKAGE = SHIPPED


@dataclass(frozen=True)
class Shipped:
    """A workflow that comes with the package.

    Args:
        name: what to run it by.
        description: what it does, in a line.
        needs: files that have to be there first and do not come with the package; "" if none.
    """

    name: str
    description: str
    needs: str = ""


def shipped_workflows() -> list[Shipped]:
    """List the workflows that come with the package, by name."""
    return [_shipped(name, json.loads(file.read_bytes())) for name, file in sorted(_files().items())]


def read_source(source: str | Path) -> tuple[bytes, str]:
    """Return the bytes behind a path or the name of a shipped workflow, and what to call them.

    Raises:
        WorkflowError: if there is no such file or workflow.
    """
    path = Path(source)
    try:
        if path.is_file():
            return path.read_bytes(), str(path)
        if path.is_dir():
            raise WorkflowError(f"{path} is a folder, expected a workflow file inside it")
    except (OSError, ValueError) as error:  # a name with a null character, no permission
        raise WorkflowError(f"{source} cannot be read: {error}") from error
    files = _files()
    if str(source) in files:
        return files[str(source)].read_bytes(), f"workflow '{source}'"
    raise WorkflowError(f"no file or shipped workflow is called '{source}'; {nearest(str(source), files)}")


def _files() -> "dict[str, Traversable]":
    try:
        folder = resources.files(PACKAGE)
    except ModuleNotFoundError:  # a checkout that was not installed ships none
        return {}
    return {item.name[: -len(".json")]: item for item in folder.iterdir() if item.name.endswith(".json")}


def _shipped(name: str, graph: dict[str, Any]) -> Shipped:
    extra = graph.get("extra")
    said = extra if isinstance(extra, dict) else {}
    texts = [text for text in (said.get("description"), *_notes(graph)) if isinstance(text, str)]
    lines = (line.strip() for text in texts for line in text.splitlines())
    description = next((line.lstrip("# ") for line in lines if line), "")
    return Shipped(name, description, str(said.get("needs", "")))


def _notes(graph: dict[str, Any]) -> Iterator[Any]:
    for node in graph.get("nodes", []):
        if node.get("type") in ("Note", "MarkdownNote"):
            yield from node.get("widgets_values") or []
