"""Bytes of a JSON, PNG or WebP file -> the workflow JSON inside."""

import io
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from if_graph.errors import WorkflowError
from if_graph.graph.wording import kind_of

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_JSON = 64 * 2**20
_PNG = b"\x89PNG\r\n\x1a\n"
_WANTED = {
    "PNG": "PNG with a 'prompt' or 'workflow' text chunk",
    "WEBP": "WebP with 'prompt:' or 'workflow:' in its EXIF",
}


@dataclass(frozen=True)
class Carried:
    """What a file held.

    Args:
        graph: the JSON to run, in either format.
        editor: editor JSON that came with it, for embedding into new pictures.
    """

    graph: dict[str, Any]
    editor: dict[str, Any] | None = None


def read_carrier(data: bytes, name: str) -> Carried:
    """Return the workflow that a file holds.

    Args:
        data: the file's bytes.
        name: what messages call the file.

    Raises:
        WorkflowError: if there is none, or it cannot be read.
    """
    form = picture_form(data)
    if form is None:
        return Carried(_parse(data, name))
    return _from_texts(_picture_texts(data, name, form), name, _WANTED[form])


def picture_form(data: bytes) -> str | None:
    """Return ``PNG`` or ``WEBP`` if that is what the bytes of a file are, else None."""
    if data.startswith(_PNG):
        return "PNG"
    return "WEBP" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


@contextmanager
def open_picture(data: bytes, name: str) -> Iterator["Image"]:
    """Open a PNG or WebP picture for the enclosed code.

    Args:
        data: the file's bytes.
        name: what messages call the file.

    Raises:
        WorkflowError: if it cannot be read, in the enclosed code too.
    """
    from PIL import Image, UnidentifiedImageError  # only pictures need it

    form = picture_form(data) or "PNG"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damage; what matters raises, or leaves no workflow
            with Image.open(io.BytesIO(data), formats=[form]) as picture:
                yield picture
    except UnidentifiedImageError as error:  # its own words show the address of a buffer
        raise WorkflowError(f"{name} is no {form} that can be read; save the picture again") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise WorkflowError(f"{name} cannot be read as a {form}: {error}; save the picture again") from error


def _parse(data: bytes | str, name: str) -> dict[str, Any]:
    if len(data) > LARGEST_JSON:
        raise WorkflowError(
            f"{name} holds {len(data) >> 20} MiB of JSON, expected at most {LARGEST_JSON >> 20} MiB"
        )
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise WorkflowError(
            f"{name} is not a workflow: {reason}; expected JSON, or a PNG or WebP saved with its workflow"
        ) from error
    if not isinstance(parsed, dict):
        raise WorkflowError(
            f"{name} holds {kind_of(parsed)}, expected an object {{...}} in API or editor format"
        )
    return parsed


def _from_texts(texts: dict[str, str], name: str, wanted: str) -> Carried:
    editor = _parse(texts["workflow"], f"the 'workflow' chunk of {name}") if "workflow" in texts else None
    if "prompt" in texts:
        return Carried(_parse(texts["prompt"], f"the 'prompt' chunk of {name}"), editor)
    if editor is None:
        raise WorkflowError(f"{name} carries no workflow; expected a {wanted}")
    return Carried(editor, editor)


def _picture_texts(data: bytes, name: str, form: str) -> dict[str, str]:
    with open_picture(data, name) as picture:
        found = _exif_texts(picture) if form == "WEBP" else _chunk_texts(picture)
    return {key: found[key] for key in ("prompt", "workflow") if isinstance(found.get(key), str)}


def _chunk_texts(picture: "Image") -> dict[str, Any]:
    if not {"prompt", "workflow"} & picture.info.keys():
        picture.load()  # text chunks may follow the pixels
    return {str(key): value for key, value in picture.info.items()}


def _exif_texts(picture: "Image") -> dict[str, Any]:
    """Read tags of the form ``workflow:{...}``, whichever tag they are in."""
    texts = [value for value in picture.getexif().values() if isinstance(value, str)]
    return {key: text.rstrip("\0") for key, _, text in (text.partition(":") for text in texts)}
