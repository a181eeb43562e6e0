"""LoRA nodes: a stage with trained changes added to its weights."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from if_graph.cascade.stage import Stage
from if_graph.errors import InputError
from if_graph.models.lora import read_lora, with_lora

from . import host, sockets

FOLDER = "loras"
"""Name of the folder inside a model folder that holds LoRA files."""

ENDINGS = (".safetensors", ".bin")


class IFLoadLoRA(sockets.MakesStage):
    """Add a LoRA to a stage's network; stack several by connecting these nodes in a row."""

    DESCRIPTION = __doc__
    OUTPUT_TOOLTIPS = ("The changed stage; the one connected stays as it is.",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        names = list(_files())
        return {
            "required": {
                "stage": sockets.socket(sockets.STAGE, "The stage the LoRA was trained on."),
                "lora": sockets.choice(
                    names, names[0] if names else "", f"A LoRA file in {FOLDER}/ of a model folder."
                ),
                "strength": sockets.number(
                    "FLOAT", 1.0, -4.0, 4.0, 0.05, "How much of it; 0 is none, below 0 is the opposite."
                ),
            }
        }

    @classmethod
    def VALIDATE_INPUTS(cls, lora: str | None = None) -> bool | str:
        return sockets.judged(_find, lora)

    @classmethod
    def IS_CHANGED(cls, lora: str, strength: float, stage: Any = None) -> str:
        return host.fingerprint(_find(lora).parent)

    def run(self, stage: Stage, lora: str, strength: float) -> tuple[Stage]:
        return (replace(stage, unet=with_lora(stage.unet, read_lora(_find(lora)), strength)),)


def _files() -> dict[str, Path]:
    """Return every LoRA file by its path below the folder it was found in; the first folder wins."""
    roots = [root / FOLDER for root in host.model_folders()]
    found = {
        path.relative_to(root).as_posix(): path
        for root in reversed(roots)
        for path in sorted(root.rglob("*"))
        if path.suffix in ENDINGS
    }
    return dict(sorted(found.items()))


def _find(name: str) -> Path:
    files = _files()
    if name not in files:
        raise InputError(
            f"LoRA {name!r} is in no model folder, got {', '.join(files) or 'no LoRA files at all'}; "
            f"put it into {FOLDER}/ of a folder that {host.ENVIRONMENT} names"
        )
    return files[name]


NODES = {"IFLoadLoRA": IFLoadLoRA}
NAMES = {"IFLoadLoRA": "IF Load LoRA"}
