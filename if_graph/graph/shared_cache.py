"""Results by content key at any address that fsspec knows: a bucket, a shared folder, another machine."""

import hashlib
import logging
from contextlib import suppress
from typing import Any
from uuid import uuid4

from safetensors import SafetensorError

from if_graph.errors import WorkflowError
from if_graph.graph.cache import NodeResult
from if_graph.graph.storable import Codec, NotStorable

log = logging.getLogger(__name__)
_DIGEST = hashlib.sha256().digest_size


class SharedCache:
    """Keeps results that are data, one object each, for all machines that know the address.

    An object is the SHA-256 of what follows, and a safetensors file; it is written under another name and
    moved, so a reader finds it whole or not at all. Nothing is pickled, and nothing is ever evicted: give the
    bucket a rule for the age of its objects.

    Args:
        address: for example ``s3://bucket/results`` or ``file:///mnt/shared/results``.
        codec: takes results apart.
        options: passed to the file system.

    Raises:
        WorkflowError: if the address names no file system that can be reached.
    """

    def __init__(self, address: str, codec: Codec | None = None, **options: Any) -> None:
        try:
            import fsspec

            self._files, self._root = fsspec.core.url_to_fs(address, **options)
            self._files.makedirs(self._root, exist_ok=True)
        except Exception as error:  # each file system has errors of its own
            raise WorkflowError(
                f"{address} cannot hold a cache: {error}; choose another address, or install what fsspec "
                "needs for it"
            ) from error
        self._codec = codec or Codec()

    def get(self, key: str) -> NodeResult | None:
        """Return the result kept under ``key``; a damaged one counts as missing."""
        try:
            whole = self._files.cat_file(self._path(key))
            digest, data = whole[:_DIGEST], whole[_DIGEST:]
            if hashlib.sha256(data).digest() != digest:
                raise ValueError("its checksum differs")
            return self._codec.from_bytes(data)
        except (FileNotFoundError, NotStorable):
            return None
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            log.warning("shared cache entry %s cannot be read and will be made again: %s", key[:12], error)
            return None

    def put(self, key: str, result: NodeResult, seconds: float) -> None:
        """Keep a result if it is data; a file system that fails only costs the entry."""
        data = self._codec.to_bytes(key, result)
        if data is None:
            return
        path = self._path(key)
        part = f"{path}.{uuid4().hex}.part"
        try:
            self._files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            self._files.pipe_file(part, hashlib.sha256(data).digest() + data)
            self._files.mv(part, path)
        except Exception as error:  # each file system has errors of its own
            log.warning("a result cannot be kept at %s: %s", self._root, error)
            with suppress(Exception):
                self._files.rm_file(part)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key[:2]}/{key}.result"
