"""A file on disk -> whether it is the one its hub describes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BLOCK = 2**22


@dataclass(frozen=True)
class Described:
    """What a hub says of one file.

    Args:
        name: path below the checkpoint's folder, with forward slashes.
        size: in bytes.
        sha256: of the content; hubs know it of large files.
        git: SHA-1 of the git blob; hubs know it of small files.
    """

    name: str
    size: int
    sha256: str | None = None
    git: str | None = None

    @property
    def identity(self) -> str:
        """The hash there is."""
        return self.sha256 or self.git or "unknown"


def problem_with(path: Path, wanted: Described) -> str | None:
    """Say what is wrong with a file, or None.

    A file without any hash is judged by its size.
    """
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if size != wanted.size:
        return f"has {size} bytes instead of {wanted.size}"
    if wanted.sha256 and _hashed(path, hashlib.sha256()) != wanted.sha256:
        return f"has another SHA-256 than {wanted.sha256[:12]}..."
    header = f"blob {size}\0".encode()
    if (
        not wanted.sha256
        and wanted.git
        and _hashed(path, hashlib.sha1(header, usedforsecurity=False)) != wanted.git
    ):
        return f"has another hash than {wanted.git[:12]}..."
    return None


def _hashed(path: Path, digest: Any) -> str:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    found: str = digest.hexdigest()
    return found
