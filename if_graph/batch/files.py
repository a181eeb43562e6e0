"""The folder of a job: hidden while the job runs, its files in their place once it has ended."""

import os
import re
import shutil
from pathlib import Path

_PART = ".part"


class JobFolder:
    """Where one job writes.

    Args:
        out: the batch's folder.
        job_id: the job's id, which names its folder.
    """

    def __init__(self, out: Path, job_id: str) -> None:
        self.place = out / job_id
        self.work = out / f".{job_id}.{os.getpid()}{_PART}"

    def files(self) -> list[Path]:
        """Return what has been written so far, below the folder, oldest first."""
        found = [path for path in self.work.rglob("*") if path.is_file()]
        found.sort(key=lambda path: (path.stat().st_mtime_ns, path))
        return [path.relative_to(self.work) for path in found]

    def publish(self) -> None:
        """Move the files to their place, over what an earlier attempt left there."""
        for name in self.files():
            target = self.place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (self.work / name).replace(target)
        self.discard()

    def discard(self) -> None:
        """Remove what was written for a job that did not end."""
        shutil.rmtree(self.work, ignore_errors=True)


def discard_unfinished(out: Path) -> None:
    """Remove what jobs of a killed run have left in the batch's folder."""
    for path in out.glob(f".*{_PART}"):
        if re.fullmatch(r"\..+\.\d+\.part", path.name) and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def are_there(out: Path, names: tuple[str, ...]) -> bool:
    """Tell whether all of a job's files are still in the batch's folder."""
    root = out.resolve()
    return all((path := (root / name).resolve()).is_relative_to(root) and path.is_file() for name in names)
