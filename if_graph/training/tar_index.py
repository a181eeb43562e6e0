"""Tar shards of pictures and captions -> where each one's bytes lie, listed once and kept in the cache.

Members belong together by the name before the first dot, as webdataset has it: ``0001.jpg`` and ``0001.txt``.
Nothing is ever unpacked to disk, and names of members are compared, never opened.
"""

import hashlib
import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from glob import glob
from pathlib import Path

from if_graph.errors import InputError
from if_graph.files import unfinished

PICTURES = frozenset({"png", "jpg", "jpeg", "webp", "bmp"})
CACHE = Path.home() / ".cache" / "if-graph" / "tar"
_CAPTION, _LONGEST_CAPTION = "txt", 1 << 16


@dataclass(frozen=True)
class Entry:
    """Where a picture and its caption lie.

    Args:
        shard: number of the file.
        start: first byte of the picture.
        size: bytes of the picture.
        caption_start: first byte of the caption.
        caption_size: bytes of the caption.
    """

    shard: int
    start: int
    size: int
    caption_start: int
    caption_size: int


def shards_of(pattern: str) -> list[Path]:
    """Return the files that ``pattern`` (with ``*`` and ``?``) names, sorted.

    Raises:
        InputError: if there is none.
    """
    found = sorted(Path(name) for name in glob(pattern) if Path(name).is_file())  # noqa: PTH207  absolute too
    if not found:
        raise InputError(
            f"recipe: data.shards {pattern!r} names no file, expected tar files such as dir/*.tar"
        )
    return found


def index_of(shards: Sequence[Path], cache: Path = CACHE) -> list[Entry]:
    """Return every captioned picture of ``shards``; read from the cache while no shard has changed.

    Raises:
        InputError: if a shard is no plain tar file, or none holds a captioned picture.
    """
    path = cache / f"{_digest(shards)}.json"
    try:
        return [Entry(*row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        pass  # not made yet, or damaged: made anew
    entries = [entry for number, shard in enumerate(shards) for entry in _scan(number, shard)]
    if not entries:
        raise InputError(
            f"{shards[0]}: no picture with a caption; put NAME.txt beside each NAME.jpg in the tar"
        )
    cache.mkdir(parents=True, exist_ok=True)
    with unfinished(path) as part:
        part.write_text(json.dumps([astuple(entry) for entry in entries]), encoding="utf-8")
    return entries


def _digest(shards: Sequence[Path]) -> str:
    facts = [(str(shard.resolve()), shard.stat().st_size, shard.stat().st_mtime_ns) for shard in shards]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _scan(number: int, shard: Path) -> Iterator[Entry]:
    """Yield the pictures of one shard whose caption is there too, in the order of the file."""
    pictures: dict[str, tuple[int, int]] = {}
    captions: dict[str, tuple[int, int]] = {}
    end = shard.stat().st_size
    for member in _members(shard):
        folder, slash, file = member.name.rpartition("/")
        stem, _, suffix = file.partition(".")
        place, kind = (member.offset_data, member.size), suffix.lower()
        if not member.isreg() or member.issparse() or sum(place) > end:
            continue  # a link or a hole has no bytes of its own here
        if kind in PICTURES:
            pictures[folder + slash + stem] = place
        elif kind == _CAPTION and member.size <= _LONGEST_CAPTION:
            captions[folder + slash + stem] = place
    for key, place in pictures.items():
        if key in captions:
            yield Entry(number, *place, *captions[key])


def _members(shard: Path) -> Iterator[tarfile.TarInfo]:
    try:
        with tarfile.open(shard, "r:") as archive:
            yield from archive
    except (tarfile.TarError, OSError, ValueError, OverflowError) as error:
        raise InputError(
            f"{shard}: {error}; expected a whole tar file, not compressed, so that it can be read anywhere"
        ) from error
