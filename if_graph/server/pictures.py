"""Picture files: what they really are, smaller copies of them, and uploads checked before they are kept."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PIL import Image

from if_graph.files import unfinished
from if_graph.server.refusals import Refused

T = TypeVar("T")
MOST_PIXELS = 2**26
"""Pixels of an uploaded picture: 8192 x 8192."""
_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
_SOUNDS = {".mp4": "video/mp4", ".webm": "video/webm", ".mp3": "audio/mpeg", ".flac": "audio/flac"}
DOWNLOAD = "application/octet-stream"
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")


def content_type(path: Path) -> str:
    """Return the type to serve a file as: by its content if it is a picture, never one that runs scripts."""
    try:
        with Image.open(path, formats=list(_TYPES)) as picture:
            return _TYPES.get(str(picture.format), DOWNLOAD)
    except (OSError, ValueError, Image.DecompressionBombError):
        return _SOUNDS.get(path.suffix.lower(), DOWNLOAD)


def smaller(path: Path, quality: int) -> bytes:
    """Return a picture as WebP."""
    return _read(path, lambda picture: _encoded(picture, "WEBP", quality=quality))


def channel(path: Path, name: str) -> bytes:
    """Return a picture as PNG: ``rgb`` without its transparency, ``a`` as that alone."""

    def chosen(picture: Image.Image) -> bytes:
        full = picture.convert("RGBA")
        if name == "rgb":
            return _encoded(full.convert("RGB"), "PNG")
        black = Image.new("RGBA", full.size)
        black.putalpha(full.getchannel("A"))
        return _encoded(black, "PNG")

    return _read(path, chosen)


def masked(original: Path, mask: bytes) -> bytes:
    """Return a picture whose transparency is another's, as PNG."""

    def put(picture: Image.Image) -> bytes:
        alpha = _opened(mask).convert("RGBA").getchannel("A").resize(picture.size)
        full = picture.convert("RGBA")
        full.putalpha(alpha)
        return _encoded(full, "PNG")

    return _read(original, put)


def require_picture(data: bytes) -> None:
    """Check that an upload is a whole picture of a bearable size.

    Raises:
        Refused: if not.
    """
    try:
        picture = _opened(data)
        picture.load()
    except Refused:
        raise
    except Exception as error:  # a lying file may fail anywhere in a decoder
        raise Refused(415, "bad_picture", "the file is no whole picture; send PNG, JPEG or WebP") from error


def keep(target: Path, data: bytes, overwrite: bool) -> Path:
    """Write an upload; where another file has its name, it gets a number, unless that is the same file.

    Returns:
        the path it has now.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    path, count = target, 0
    while path.exists() and not overwrite:
        if path.read_bytes() == data:
            return path
        count += 1
        path = target.with_name(f"{target.stem} ({count}){target.suffix}")
    with unfinished(path) as part:
        part.write_bytes(data)
    return path


def _opened(data: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused(415, "bad_picture", "the file is no picture; send PNG, JPEG or WebP") from error
    if picture.width * picture.height > MOST_PIXELS:
        size = f"{picture.width} x {picture.height}"
        raise Refused(413, "too_large", f"the picture has {size} pixels, expected at most {MOST_PIXELS}")
    return picture


def _read(path: Path, work: Callable[[Image.Image], T]) -> T:
    try:
        with _opened(path.read_bytes()) as picture:
            return work(picture)
    except (OSError, ValueError) as error:
        raise Refused(415, "bad_picture", "the file is no picture that can be shown") from error


def _encoded(picture: Image.Image, form: str, quality: int = 90) -> bytes:
    data = io.BytesIO()
    picture.convert("RGBA" if "A" in picture.getbands() else "RGB").save(data, format=form, quality=quality)
    return data.getvalue()
