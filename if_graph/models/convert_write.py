"""The parts of one stage -> a folder in the published layout, or a single file; whole or not at all."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from if_graph.errors import InputError
from if_graph.files import part_of
from if_graph.models.checkpoint import STEM
from if_graph.models.config import config_to_json
from if_graph.models.convert_files import METADATA, StageFiles
from if_graph.tensor_files import write_tensors


def write_stage_files(stage: StageFiles, target: Path) -> None:
    """Write ``stage`` as a single file if ``target`` ends in ``.safetensors``, else as a folder.

    Everything is written under a temporary name beside it and renamed, so ``target`` is whole or not there.

    Raises:
        InputError: if ``target`` exists.
    """
    if target.exists():
        raise InputError(f"{target} is already there; remove it or choose another name")
    write = _write_file if target.suffix == ".safetensors" else _write_folder
    target.parent.mkdir(parents=True, exist_ok=True)
    _whole_or_not(lambda part: write(stage, part), target)


def _whole_or_not(write: Callable[[Path], None], target: Path) -> None:
    part = part_of(target)
    try:
        write(part)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if part.is_file():
            part.unlink()


def _write_file(stage: StageFiles, part: Path) -> None:
    extra = json.dumps({"config": config_to_json(stage.config), **stage.schedulers})
    write_tensors(stage.tensors, part, {METADATA: extra})


def _write_folder(stage: StageFiles, part: Path) -> None:
    (part / "unet").mkdir(parents=True)
    write_tensors(stage.tensors, part / "unet" / f"{STEM}.safetensors")
    _write_json(config_to_json(stage.config), part / "unet" / "config.json")
    for name, data in stage.schedulers.items():
        (part / name).mkdir()
        _write_json(data, part / name / "scheduler_config.json")


def _write_json(data: Mapping[str, Any], path: Path) -> None:
    path.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")
