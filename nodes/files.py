"""Picture files of the headless host: none is read or written outside the run's own folders."""

import json
import os
import re
import time
from importlib import resources
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from if_graph.errors import InputError
from if_graph.folders import current_folders

from .images import to_levels

SHIPPED = "if_graph_workflows"
"""Package whose folder ``inputs`` holds the pictures that shipped workflows start from."""


def input_file(name: str) -> Path:
    """Return the file of a picture in the input folder; else the one of that name shipped with workflows.

    Raises:
        InputError: if it is not there, or lies outside.
    """
    folder = current_folders().input.resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise InputError(f"image {name!r} lies outside the input folder {folder}; copy it there")
    if path.is_file():
        return path
    if name in (shipped := _shipped_inputs()):
        return shipped[name]
    raise InputError(f"image {name!r} is not in the input folder {folder}; copy it there or give --input")


def _shipped_inputs() -> dict[str, Path]:
    """Return the pictures that come with the workflows by name; none inside ComfyUI or a bare checkout."""
    try:
        folder = Path(str(resources.files(SHIPPED))) / "inputs"
    except ModuleNotFoundError:
        return {}
    return {path.name: path for path in folder.glob("*.png")}


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
    target.parent.mkdir(parents=True, exist_ok=True)
    metadata = _metadata(prompt, extra_pnginfo)
    saved = []
    for image in images:
        name = f"{target.name}_{_next_counter(target):05}_.png"
        _write(Image.fromarray(to_levels(image)), target.parent / name, metadata)
        subfolder = target.parent.relative_to(folder.resolve()).as_posix()
        saved.append({"filename": name, "subfolder": "" if subfolder == "." else subfolder, "type": kind})
    return saved


def _metadata(prompt: dict[str, Any] | None, extra_pnginfo: dict[str, Any] | None) -> PngInfo:
    chunks = PngInfo()
    if prompt is not None:
        chunks.add_text("prompt", json.dumps(prompt))
    for key, value in (extra_pnginfo or {}).items():
        chunks.add_text(key, json.dumps(value))
    return chunks


def _write(picture: Image.Image, path: Path, metadata: PngInfo) -> None:
    """Write under a temporary name and rename, so that a kill leaves no half file."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        picture.save(unfinished, format="PNG", pnginfo=metadata, compress_level=4)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def target_of(folder: Path, prefix: str, width: int, height: int) -> Path:
    """Return the folder and file-name start that ``prefix`` names; it must stay inside ``folder``."""
    root = folder.resolve()
    path = (root / _expand(prefix, width, height)).resolve()
    if root not in path.parents or "\\" in prefix or "\0" in prefix:
        raise InputError(
            f"filename_prefix {prefix!r} leads out of the output folder; use a plain name or a subfolder"
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


def _next_counter(target: Path) -> int:
    pattern = re.compile(re.escape(target.name) + r"_(\d+)_?\.")
    taken = [int(match[1]) for path in target.parent.iterdir() if (match := pattern.match(path.name))]
    return max(taken, default=0) + 1
