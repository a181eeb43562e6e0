"""What a node shows of its result while it works -> a small JPEG, and the frame that carries it."""

import io
import json
import struct
from typing import Any

from PIL import Image
from torch import Tensor

from if_graph.levels import to_levels

LARGEST = 512
_PLAIN, _WITH_METADATA, _JPEG = 1, 4, 1


def as_jpeg(preview: Any) -> bytes | None:
    """Encode a preview; None for what is none.

    Args:
        preview: pixels [B, 3, H, W] in -1..1, of which the first is shown; a Pillow picture; or ComfyUI's
            (format, picture, largest side).
    """
    picture = preview[1] if isinstance(preview, tuple) and len(preview) == 3 else preview
    if isinstance(picture, Tensor):
        picture = _picture(picture)
    if not isinstance(picture, Image.Image):
        return None
    picture = picture.convert("RGB")
    picture.thumbnail((LARGEST, LARGEST))
    data = io.BytesIO()
    picture.save(data, format="JPEG", quality=85)
    return data.getvalue()


def _picture(pixels: Tensor) -> Image.Image | None:
    if pixels.ndim != 4 or pixels.shape[1] != 3:
        return None
    return Image.fromarray(to_levels(pixels[:1])[0])


def plain_frame(jpeg: bytes) -> bytes:
    """Return ComfyUI's older frame: kind, format, picture."""
    return struct.pack(">II", _PLAIN, _JPEG) + jpeg


def frame_with_metadata(jpeg: bytes, about: dict[str, Any]) -> bytes:
    """Return ComfyUI's newer frame: kind, length of the JSON, JSON that names node and run, picture."""
    text = json.dumps({**about, "image_type": "image/jpeg"}).encode()
    return struct.pack(">II", _WITH_METADATA, len(text)) + text + jpeg
