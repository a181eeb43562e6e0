"""Picture files of the headless host: none is read or written outside the run's own folders."""

import json
import re
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from if_graph.errors import InputError
from if_graph.folders import current_folders, shipped_inputs, split_annotation

from .images import to_levels
from .saving import save_numbered

LONGEST_NAME = 200
"""Bytes in the name of a file or folder; file systems take 255, and numbers and temporary names need some."""


def input_file(name: str) -> Path:
    """Return the file of a picture in the input folder; else the one of that name shipped with workflows.

    Args:
        name: its path below the input folder, or below the one that is named behind it: ``cat.png [output]``.

    Raises:
        InputError: if it is not there, or lies outside.
    """
    plain, kind = split_annotation(name)
    folder: Path = getattr(current_folders(), kind).resolve()
    path = _inside(folder, plain)
    if path is None:
        raise InputError(f"image {name!r} lies outside the {kind} folder {folder}; copy it there")
    if path.is_file():
        return path
    if kind == "input" and plain in (shipped := shipped_inputs()):
        return shipped[plain]
    raise InputError(f"image {name!r} is not in the {kind} folder {folder}; copy it there or give --input")


def input_names(endings: set[str]) -> list[str]:
    """Return the pictures that :func:`input_file` finds: the user's by name, then those of shipped workflows.

    Args:
        endings: of names that are pictures, in lower case.
    """
    folder = current_folders().input
    found = folder.rglob("*") if folder.is_dir() else ()
    own = sorted(path.relative_to(folder).as_posix() for path in found if path.suffix.lower() in endings)
    return list(dict.fromkeys([*own, *sorted(shipped_inputs())]))


def _inside(folder: Path, name: str) -> Path | None:
    """Return the path below ``folder``, links followed; None where it leads out or no file reads so."""
    try:
        path = (folder / name).resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a zero byte
        return None
    return path if path.is_relative_to(folder) else None


def save_pictures(
    images: Tensor,
    folder: Path,
    kind: str,
    prefix: str,
    prompt: dict[str, Any] | None,
    extra_pnginfo: dict[str, Any] | None,
) -> list[dict[str, str]]:
    """Save IMAGE [B, H, W, 3] as PNG files and return what ComfyUI's ``ui`` result lists of each."""
    height, width = images.shape[1:3]
    target = target_of(folder, prefix, width, height)
    metadata = _metadata(prompt, extra_pnginfo)
    paths = [save_numbered(folder, target, ".png", _writer(image, metadata)) for image in images]
    return [{"filename": path.name, "subfolder": _below(folder, path), "type": kind} for path in paths]


def _writer(image: Tensor, metadata: PngInfo) -> Callable[[Path], None]:
    picture = Image.fromarray(to_levels(image))
    # runs alone are looked for: a third sooner, and painted pictures are smaller than with longer matches
    return lambda path: picture.save(
        path, format="PNG", pnginfo=metadata, compress_level=4, compress_type=zlib.Z_RLE
    )


def _below(folder: Path, path: Path) -> str:
    subfolder = path.parent.relative_to(folder.resolve()).as_posix()
    return "" if subfolder == "." else subfolder


def _metadata(prompt: dict[str, Any] | None, extra_pnginfo: dict[str, Any] | None) -> PngInfo:
    chunks = PngInfo()
    if prompt is not None:
        chunks.add_text("prompt", json.dumps(prompt))
    for key, value in (extra_pnginfo or {}).items():
        chunks.add_text(key, json.dumps(value))
    return chunks


def target_of(folder: Path, prefix: str, width: int, height: int) -> Path:
    """Return the folder and file-name start that ``prefix`` names; it must stay inside ``folder``."""
    root = folder.resolve()
    path = (root / _expand(prefix, width, height)).resolve()
    if root not in path.parents or "\\" in prefix or "\0" in prefix:
        raise InputError(
            f"filename_prefix {prefix!r} leads out of the output folder; use a plain name or a subfolder"
        )
    longest = max(len(part.encode("utf-8", "surrogatepass")) for part in path.relative_to(root).parts)
    if longest > LONGEST_NAME:
        raise InputError(
            f"filename_prefix holds a name of {longest} bytes, expected at most {LONGEST_NAME}; shorten it"
        )
    return path


def _expand(prefix: str, width: int, height: int) -> str:
    now = time.localtime()
    values = {
        "width": str(width), "height": str(height), "year": str(now.tm_year), "month": f"{now.tm_mon:02}",
        "day": f"{now.tm_mday:02}", "hour": f"{now.tm_hour:02}", "minute": f"{now.tm_min:02}",
        "second": f"{now.tm_sec:02}",
    }  # fmt: skip
    return re.sub(r"%(\w+)%", lambda match: values.get(match[1], match[0]), prefix)
