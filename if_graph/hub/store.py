"""The model folder: what was pulled into it, whether it is still whole, and how it goes away."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from if_graph.errors import CheckpointError, InputError
from if_graph.hub.digest import Described, problem_with

ENVIRONMENT = "IF_GRAPH_MODELS"
"""Environment variable with model folders, separated as in PATH; the first one is pulled into."""

MANIFEST = ".if-graph.json"
"""File in a pulled checkpoint that says what belongs to it."""


def model_folder() -> Path:
    """Return the folder that checkpoints are pulled into; it may not exist yet."""
    listed = [entry for entry in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if entry]
    if listed:
        return Path(listed[0]).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "if-graph" / "models"


@dataclass(frozen=True)
class Manifest:
    """What a pulled checkpoint consists of.

    Args:
        repo: ``owner/name`` it came from.
        commit: which state of the repository.
        variant: of its weights; "" for the plain ones.
        files: every file with its size and hash.
    """

    repo: str
    commit: str
    variant: str
    files: tuple[Described, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into a checkpoint's folder."""
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read what :func:`write_manifest` wrote.

    Raises:
        CheckpointError: if there is none, or it is damaged.
    """
    try:
        data = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = tuple(Described(**file) for file in data.pop("files"))
        return Manifest(**data, files=files)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{folder} was not pulled by 'if-graph models pull'; name one that was"
        ) from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{folder / MANIFEST} is damaged ({error}); remove and pull again") from error


def pulled(folder: Path) -> Iterator[Path]:
    """Yield the folders of all pulled checkpoints."""
    yield from sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))


def find_pulled(name: str, folder: Path) -> Path:
    """Return the folder of a pulled checkpoint.

    Raises:
        InputError: if there is none of that name.
    """
    names = [path.name for path in pulled(folder)]
    if name not in names:
        raise InputError(
            f"got {name!r}, expected a checkpoint pulled into {folder}: {', '.join(names) or 'there is none'}"
        )
    return folder / name


def problems(checkpoint: Path) -> list[str]:
    """Read every file of a pulled checkpoint again and list what is not as it was on the hub."""
    files = read_manifest(checkpoint).files
    found = ((file.name, problem_with(checkpoint / file.name, file)) for file in files)
    return [f"{name} {problem}" for name, problem in found if problem]


def remove(checkpoint: Path) -> None:
    """Delete a pulled checkpoint; it is renamed first, so that nothing finds half of one.

    Raises:
        CheckpointError: if it was not pulled.
    """
    read_manifest(checkpoint)
    leaving = checkpoint.with_name(f".{checkpoint.name}.{os.getpid()}.removed")
    checkpoint.rename(leaving)
    shutil.rmtree(leaving)
