"""What nodes need of their host: progress and model folders; ComfyUI's, or plain stand-ins."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import if_graph
from if_graph import progress
from if_graph.diffusion.samplers import SampledStep
from if_graph.errors import InputError
from if_graph.files import unfinished
from if_graph.hub.store import ENVIRONMENT as ENVIRONMENT
from if_graph.hub.store import model_folder
from if_graph.mapped import read_metadata

from .host_modules import comfy_module
from .images import to_preview

MODEL_FOLDER = "deepfloyd_if"
"""Name of the folder inside ComfyUI's ``models`` that holds IF checkpoints."""

PREVIEW_SIDE = 512
"""Longest side of a live preview, in pixels."""


def follow(steps: Iterator[SampledStep]) -> SampledStep:
    """Run a stage to its end, reporting each step with a preview, and return the last one."""
    last = next(steps)
    report = _reporter(last.total)
    report(last)
    for last in steps:
        report(last)
    return last


def _reporter(total: int) -> Callable[[SampledStep], None]:
    utils = comfy_module("comfy.utils")
    if utils is None:
        return lambda step: progress.report(step.done, step.total, step.x_0)
    bar = utils.ProgressBar(total)

    def show(step: SampledStep) -> None:
        bar.update_absolute(step.done, step.total, ("JPEG", to_preview(step.x_0), PREVIEW_SIDE))
        comfy_module("comfy.model_management").throw_exception_if_processing_interrupted()

    return show


def model_folders() -> list[Path]:
    """Return every folder that may hold checkpoints; the bundled one is last."""
    listed = os.environ.get(ENVIRONMENT, "").split(os.pathsep)
    folders = [Path(entry).expanduser() for entry in listed if entry] or [model_folder()]
    folder_paths = comfy_module("folder_paths")
    if folder_paths is not None:
        default = Path(folder_paths.models_dir) / MODEL_FOLDER
        folder_paths.add_model_folder_path(MODEL_FOLDER, str(default))
        folders += [Path(entry) for entry in folder_paths.get_folder_paths(MODEL_FOLDER)]
    return [*folders, Path(if_graph.__file__).parent / "bundled"]


def list_checkpoints(part: str) -> list[str]:
    """Name the checkpoints that hold ``part`` (``unet`` or ``text_encoder``), bundled ones last.

    A name is the path below its model folder, with forward slashes: ``IF-I-XL-v1.0`` or ``nano/stage_1``.
    """
    names = []
    for root in model_folders():
        found = sorted(path.parent for path in root.glob(f"*/{part}")) + sorted(
            path.parent for path in root.glob(f"*/*/{part}")
        )
        names += [path.relative_to(root).as_posix() for path in found if (path / part).is_dir()]
    return list(dict.fromkeys(names))


def find_checkpoint(name: str, part: str) -> Path:
    """Return the folder of a checkpoint that :func:`list_checkpoints` names.

    Raises:
        InputError: if there is none of that name.
    """
    known = list_checkpoints(part)
    if name not in known:
        raise InputError(
            f"checkpoint {name!r} is not in any model folder, expected one of {', '.join(known)}; "
            f"put it into a folder that {ENVIRONMENT} names, or fetch it with 'if-graph models pull'"
        )
    return next(root / name for root in model_folders() if (root / name / part).is_dir())


def told_by(name: str, part: str) -> dict[str, str]:
    """Return what the weights of a checkpoint's part say of themselves, such as who made them.

    Raises:
        InputError: if there is no such checkpoint.
        CheckpointError: if a file is none of safetensors.
    """
    return read_metadata(sorted((find_checkpoint(name, part) / part).glob("*.safetensors")))


def fingerprint(folder: Path) -> str:
    """Identify a checkpoint's files by name, size and time of change, without reading them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    stats = [(path.relative_to(folder).as_posix(), path.stat()) for path in files]
    return ";".join(f"{name}:{stat.st_size}:{stat.st_mtime_ns}" for name, stat in stats)


def offer_pictures(folder: Path) -> None:
    """Copy the pictures that example workflows start from into ComfyUI's input folder, unless they are there.

    ComfyUI's LoadImage reads nowhere else. Without ComfyUI, or where its folder cannot be written, nothing is
    done, and the workflow then says which picture it lacks.
    """
    folder_paths = comfy_module("folder_paths")
    if folder_paths is None:
        return
    target = Path(folder_paths.get_input_directory())
    with suppress(OSError):
        for picture in sorted(folder.glob("*.png")):
            if not (target / picture.name).exists():
                with unfinished(target / picture.name) as part:
                    shutil.copyfile(picture, part)
