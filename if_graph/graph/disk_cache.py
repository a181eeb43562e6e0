"""Results by content key on disk: one safetensors file each and an index, shared by processes."""

import contextlib
import hashlib
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError

from if_graph.errors import WorkflowError
from if_graph.files import part_of
from if_graph.graph.cache import NodeResult
from if_graph.graph.storable import Codec, NotStorable

log = logging.getLogger(__name__)

_TABLE = """CREATE TABLE IF NOT EXISTS results (
    key TEXT PRIMARY KEY, file TEXT NOT NULL, digest TEXT NOT NULL, bytes INTEGER NOT NULL,
    seconds REAL NOT NULL, used REAL NOT NULL)"""


@dataclass(frozen=True)
class CacheInfo:
    """How full a cache is."""

    entries: int
    size: int
    limit: int


class DiskCache:
    """Keeps results that are data, up to ``limit`` bytes; the least recently used go first.

    A file is complete before the index names it, and both change under one lock, so that a process may be
    killed at any moment. Nothing is pickled, and only classes that ``codec`` offers are made from a file.

    Args:
        folder: where; it is made if it is not there.
        codec: takes results apart.
        limit: bytes of all files together.

    Raises:
        WorkflowError: if the folder cannot hold a cache.
    """

    def __init__(self, folder: Path, codec: Codec | None = None, limit: int = 20 * 2**30) -> None:
        self.folder = Path(folder)
        self.limit = limit
        self._codec = codec or Codec()
        self._mutex = threading.Lock()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._index = sqlite3.connect(
                self.folder / "index.sqlite", timeout=60, isolation_level=None, check_same_thread=False
            )
            self._index.execute("PRAGMA journal_mode=WAL")
            self._index.execute("PRAGMA synchronous=NORMAL")
            self._index.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise WorkflowError(f"{folder} cannot hold a cache: {error}; choose another folder") from error

    def get(self, key: str) -> NodeResult | None:
        """Return the result kept under ``key``; a damaged one is dropped with a warning."""
        row = self._row(key)
        if row is None:
            return None
        try:
            result = self._read(*row)
        except NotStorable:  # a class that no loaded pack offers
            return None
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            if self._row(key) == row:  # else another process has just replaced or dropped it
                log.warning(
                    "cache entry %s in %s is damaged and will be made again: %s", key[:12], self.folder, error
                )
                self._drop(key)
            return None
        with contextlib.suppress(sqlite3.Error):  # a folder that may only be read
            self._index.execute("UPDATE results SET used = ? WHERE key = ?", (time.time(), key))
        return result

    def __contains__(self, key: str) -> bool:
        """Tell whether there is a result under ``key``, without reading it."""
        return self._row(key) is not None

    def put(self, key: str, result: NodeResult, seconds: float) -> None:
        """Keep a result if it is data; a full disk only costs the entry."""
        data = self._codec.to_bytes(key, result)
        if data is None or len(data) > self.limit:
            return
        try:
            self._write(key, data, seconds)
        except (OSError, sqlite3.Error) as error:
            log.warning("a result cannot be kept in %s: %s", self.folder, error)

    def info(self) -> CacheInfo:
        """Say how full it is."""
        entries, size = self._index.execute(
            "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM results"
        ).fetchone()
        return CacheInfo(entries, size, self.limit)

    def verify(self) -> list[str]:
        """Read every entry, drop what is damaged or not named by any, and return the keys dropped."""
        keys = [key for (key,) in self._index.execute("SELECT key FROM results").fetchall()]
        damaged = [key for key in keys if not self._is_sound(key)]
        for key in damaged:
            self._drop(key)
        self._sweep()
        return damaged

    def clear(self) -> None:
        """Drop everything."""
        with self._locked():
            self._index.execute("DELETE FROM results")
        self._sweep()

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()

    def _row(self, key: str) -> tuple[str, str] | None:
        query = "SELECT file, digest FROM results WHERE key = ?"
        row: tuple[str, str] | None = self._index.execute(query, (key,)).fetchone()
        return row

    def _read(self, file: str, digest: str) -> NodeResult:
        data = (self.folder / file).read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise ValueError("its checksum differs")
        return self._codec.from_bytes(data)

    def _write(self, key: str, data: bytes, seconds: float) -> None:
        digest = hashlib.sha256(data).hexdigest()
        file = f"{key[:2]}/{key}-{digest[:16]}.safetensors"
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        unfinished = part_of(path)
        try:
            unfinished.write_bytes(data)
            with self._locked():
                unfinished.replace(path)
                old = self._row(key)
                self._index.execute(
                    "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?)",
                    (key, file, digest, len(data), seconds, time.time()),
                )
                if old is not None and old[0] != file:
                    (self.folder / old[0]).unlink(missing_ok=True)
                self._evict()
        finally:
            unfinished.unlink(missing_ok=True)

    def _evict(self) -> None:
        over = self.info().size - self.limit
        for key, file, size in self._index.execute(
            "SELECT key, file, bytes FROM results ORDER BY used"
        ).fetchall():
            if over <= 0:
                return
            self._index.execute("DELETE FROM results WHERE key = ?", (key,))
            (self.folder / file).unlink(missing_ok=True)
            over -= size

    def _is_sound(self, key: str) -> bool:
        row = self._row(key)
        try:
            if row is not None:
                self._read(*row)
        except NotStorable:  # a class that no loaded pack offers
            return True
        except (OSError, ValueError, KeyError, SafetensorError):
            return self._row(key) != row
        return True

    def _drop(self, key: str) -> None:
        with self._locked():
            row = self._row(key)
            self._index.execute("DELETE FROM results WHERE key = ?", (key,))
            if row is not None:
                (self.folder / row[0]).unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Delete files that no entry names, which killed processes leave behind."""
        with self._locked():
            named = {file for (file,) in self._index.execute("SELECT file FROM results").fetchall()}
            for path in self.folder.glob("*/*"):
                is_old = path.stat().st_mtime < time.time() - 60  # a younger one may be about to be named
                if path.relative_to(self.folder).as_posix() not in named and (
                    is_old or path.suffix != ".part"
                ):
                    path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes and threads from changing files or index."""
        with self._mutex:
            self._index.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._index.execute("ROLLBACK")
                raise
            self._index.execute("COMMIT")
