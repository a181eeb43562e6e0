"""Bytes of a JSON or PNG file -> the workflow JSON inside."""

import io
import json
import warnings
from dataclasses import dataclass
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.wording import kind_of

LARGEST_JSON = 64 * 2**20
_PNG = b"\x89PNG\r\n\x1a\n"


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
    if data.startswith(_PNG):
        return _from_png(data, name)
    return Carried(_parse(data, name))


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
            f"{name} is not a workflow: {reason}; expected JSON or a PNG saved with its workflow"
        ) from error
    if not isinstance(parsed, dict):
        raise WorkflowError(
            f"{name} holds {kind_of(parsed)}, expected an object {{...}} in API or editor format"
        )
    return parsed


def _from_png(data: bytes, name: str) -> Carried:
    texts = _png_texts(data, name)
    editor = _parse(texts["workflow"], f"the 'workflow' chunk of {name}") if "workflow" in texts else None
    if "prompt" in texts:
        return Carried(_parse(texts["prompt"], f"the 'prompt' chunk of {name}"), editor)
    if editor is None:
        raise WorkflowError(
            f"{name} carries no workflow; expected a PNG with a 'prompt' or 'workflow' text chunk"
        )
    return Carried(editor, editor)


def _png_texts(data: bytes, name: str) -> dict[str, str]:
    from PIL import Image  # only pictures need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
                if not {"prompt", "workflow"} & picture.info.keys():
                    picture.load()  # text chunks may follow the pixels
                found = dict(picture.info)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise WorkflowError(f"{name} cannot be read as a PNG: {error}; save the picture again") from error
    return {key: str(found[key]) for key in ("prompt", "workflow") if isinstance(found.get(key), str)}
