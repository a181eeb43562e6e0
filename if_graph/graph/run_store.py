"""Where a run that may be cut short keeps what its nodes made, files they saved included."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from if_graph.folders import Folders
from if_graph.graph.cache import NodeResult
from if_graph.graph.disk_cache import DiskCache

Shown = Mapping[str, Any]


class RunStore:
    """A disk cache for one run, which also keeps results whose point is a saved file.

    Args:
        folder: where; it is made with the first result.
        folders: where the run's files are; a result of which one is gone does not count.
        opened: opens the cache in ``folder``.
    """

    def __init__(self, folder: Path, folders: Folders, opened: Callable[[Path], DiskCache]) -> None:
        self.folder = folder
        self._folders = folders
        self._opened = opened

    def get(self, key: str) -> NodeResult | None:
        """Return the result kept under ``key``, if the files it tells of are there."""
        found = self._cache.get(key) if self.folder.is_dir() else None
        if found is None or not all(self._file_of(image).is_file() for image in shown_files(found.ui)):
            return None
        return found

    def put(self, key: str, result: NodeResult, seconds: float) -> None:
        """Keep a result if it is data."""
        self._cache.put(key, result, seconds)

    def close(self) -> None:
        """Let go of the files."""
        if self.folder.is_dir():
            self._cache.close()

    @cached_property
    def _cache(self) -> DiskCache:
        return self._opened(self.folder)

    def _file_of(self, shown: Shown) -> Path:
        return file_of(shown, self._folders.temp if shown.get("type") == "temp" else self._folders.output)


def shown_files(ui: Mapping[str, Any] | None) -> Iterator[Shown]:
    """Return what an output node lists of each file it saved: ``filename``, ``subfolder`` and ``type``."""
    for listed in (ui or {}).values():
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict) and "filename" in one:
                yield one


def file_of(shown: Shown, folder: Path) -> Path:
    """Return the path of a file that an output node lists."""
    return folder / str(shown.get("subfolder", "")) / str(shown["filename"])
