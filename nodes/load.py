"""Loader nodes: a checkpoint's name becomes a text encoder or a stage."""

from dataclasses import dataclass, replace
from typing import Any

from if_graph.cascade.safety import SafetyChecker
from if_graph.cascade.stage import Stage
from if_graph.cascade.upscaler import Upscaler
from if_graph.cascade.upscaler_load import load_any_stage
from if_graph.cascade.upscaler_tiles import Tiles
from if_graph.errors import InputError
from if_graph.models.safety import load_safety_net
from if_graph.residency import AFTER_USE
from if_graph.text.t5 import ENCODER_DTYPES, TextEncoder, load_text_encoder

from . import host, sockets
from .host_memory import TEXT, flagged, place_here

SAFETY = "IF_SAFETY"
IF_MISSING = ("error", "warn")


@dataclass(frozen=True)
class NoChecker:
    """Stands for the safety checker of a checkpoint that has none.

    Args:
        checkpoint: the checkpoint's name.
    """

    checkpoint: str


class IFLoadTextEncoder:
    """Load the T5 encoder and tokenizer of a checkpoint."""

    CATEGORY = "DeepFloyd IF/load"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.TEXT_ENCODER,)
    RETURN_NAMES = ("text_encoder",)
    OUTPUT_TOOLTIPS = ("Reads prompts; connect it to 'Encode text'.",)
    FUNCTION = "run"
    RESIDENT = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "checkpoint": _checkpoints("text_encoder"),
                "device": sockets.DEVICE,
                "dtype": sockets.choice(
                    list(ENCODER_DTYPES),
                    "auto",
                    "Type of the weights; auto is float32 on a CPU, bfloat16 on a GPU; int8 is smallest.",
                ),
            },
            "optional": {"offload": sockets.OFFLOAD},
        }

    @classmethod
    def VALIDATE_INPUTS(cls, checkpoint: str | None = None) -> bool | str:
        return sockets.judged(host.find_checkpoint, checkpoint, "text_encoder")

    @classmethod
    def IS_CHANGED(cls, checkpoint: str, device: str, dtype: str, offload: str = AFTER_USE) -> str:
        return host.fingerprint(host.find_checkpoint(checkpoint, "text_encoder"))

    @classmethod
    def METADATA(cls, checkpoint: str) -> dict[str, str]:
        return host.told_by(checkpoint, "text_encoder")

    def run(self, checkpoint: str, device: str, dtype: str, offload: str = AFTER_USE) -> tuple[TextEncoder]:
        placement = place_here(device, "auto" if dtype == "int8" else dtype, offload, TEXT)
        folder = host.find_checkpoint(checkpoint, "text_encoder")
        wanted = ENCODER_DTYPES[dtype] or flagged(placement.device, TEXT)
        return (load_text_encoder(folder, placement.device, wanted, stay=placement.stay),)


class IFLoadStage(sockets.MakesStage):
    """Load one stage of the cascade, or the x4 upscaler that was released as Stage III."""

    DESCRIPTION = __doc__
    OUTPUT_TOOLTIPS = ("Connect it to the stage node of the same kind.",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "checkpoint": _checkpoints("unet"),
                "device": sockets.DEVICE,
                "dtype": sockets.DTYPE,
            },
            "optional": {"offload": sockets.OFFLOAD},
        }

    @classmethod
    def VALIDATE_INPUTS(cls, checkpoint: str | None = None) -> bool | str:
        return sockets.judged(host.find_checkpoint, checkpoint, "unet")

    @classmethod
    def IS_CHANGED(cls, checkpoint: str, device: str, dtype: str, offload: str = AFTER_USE) -> str:
        return host.fingerprint(host.find_checkpoint(checkpoint, "unet"))

    @classmethod
    def METADATA(cls, checkpoint: str) -> dict[str, str]:
        return host.told_by(checkpoint, "unet")

    def run(
        self, checkpoint: str, device: str, dtype: str, offload: str = AFTER_USE
    ) -> tuple[Stage | Upscaler]:
        placement = place_here(device, dtype, offload)
        return (load_any_stage(host.find_checkpoint(checkpoint, "unet"), placement),)


class IFUpscalerTiles:
    """Choose from which size on the x4 upscaler works in tiles, which bounds its memory."""

    CATEGORY = "DeepFloyd IF/load"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.STAGE,)
    RETURN_NAMES = ("stage",)
    OUTPUT_TOOLTIPS = ("The same upscaler, tiled so.",)
    FUNCTION = "run"
    RESIDENT = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        side = "side of a tile in pixels of the small picture; 0 never tiles."
        return {
            "required": {
                "stage": sockets.socket(sockets.STAGE, "An x4 upscaler, from 'Load stage'."),
                "unet_tile": sockets.number("INT", 512, 0, 4096, 8, "While painting, " + side),
                "vae_tile": sockets.number("INT", 256, 0, 4096, 8, "While decoding, " + side),
                "overlap": sockets.number("INT", 32, 0, 512, 8, "Pixels that neighbouring tiles share."),
            }
        }

    @classmethod
    def VALIDATE_INPUTS(
        cls, unet_tile: int | None = None, vae_tile: int | None = None, overlap: int | None = None
    ) -> bool | str:
        return sockets.judged(Tiles, unet_tile, vae_tile, overlap)

    def run(self, stage: Stage | Upscaler, unet_tile: int, vae_tile: int, overlap: int) -> tuple[Upscaler]:
        if not isinstance(stage, Upscaler):
            raise InputError("got an IF stage, expected an x4 upscaler; load one, or leave this node out")
        return (replace(stage, tiles=Tiles(unet_tile, vae_tile, overlap)),)


class IFLoadSafetyChecker:
    """Load the safety checker of a checkpoint; the licence of the weights asks for its use."""

    CATEGORY = "DeepFloyd IF/load"
    DESCRIPTION = __doc__
    RETURN_TYPES = (SAFETY,)
    RETURN_NAMES = ("safety",)
    OUTPUT_TOOLTIPS = ("Connect it to 'Safety checker'.",)
    FUNCTION = "run"
    RESIDENT = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "checkpoint": _checkpoints("safety_checker", "unet"),
                "device": sockets.DEVICE,
                "dtype": sockets.DTYPE,
            },
            "optional": {
                "if_missing": sockets.choice(
                    list(IF_MISSING),
                    "error",
                    "Where the checkpoint has no checker: stop, or go on unchecked and say so in the report.",
                ),
                "offload": sockets.OFFLOAD,
            },
        }

    @classmethod
    def IS_CHANGED(
        cls, checkpoint: str, device: str, dtype: str, if_missing: str = "error", offload: str = AFTER_USE
    ) -> str:
        if _goes_unchecked(checkpoint, if_missing):
            return "no checker"
        return host.fingerprint(host.find_checkpoint(checkpoint, "safety_checker"))

    def run(
        self,
        checkpoint: str,
        device: str,
        dtype: str,
        if_missing: str = "error",
        offload: str = AFTER_USE,
    ) -> tuple[SafetyChecker | NoChecker]:
        if _goes_unchecked(checkpoint, if_missing):
            return (NoChecker(checkpoint),)
        placement = place_here(device, dtype, offload)
        net = load_safety_net(host.find_checkpoint(checkpoint, "safety_checker"), placement)
        return (SafetyChecker(net, placement),)


def _goes_unchecked(checkpoint: str, if_missing: str) -> bool:
    """Whether a checkpoint that is there has no checker, and that is allowed."""
    has_checker = checkpoint in host.list_checkpoints("safety_checker")
    return if_missing == "warn" and not has_checker and checkpoint in host.list_checkpoints("unet")


def _checkpoints(*parts: str) -> sockets.Socket:
    """Offer the checkpoints that hold the first part, then those with the next."""
    names = list(dict.fromkeys(name for part in parts for name in host.list_checkpoints(part)))
    tooltip = f"A checkpoint in the published layout, from ComfyUI's models/{host.MODEL_FOLDER}, a folder in "
    return sockets.choice(
        names, names[0] if names else "", tooltip + f"{host.ENVIRONMENT}, or the bundled nano."
    )


NODES = {
    "IFLoadTextEncoder": IFLoadTextEncoder,
    "IFLoadStage": IFLoadStage,
    "IFLoadSafetyChecker": IFLoadSafetyChecker,
    "IFUpscalerTiles": IFUpscalerTiles,
}
NAMES = {
    "IFLoadTextEncoder": "IF Load Text Encoder",
    "IFLoadStage": "IF Load Stage",
    "IFLoadSafetyChecker": "IF Load Safety Checker",
    "IFUpscalerTiles": "IF Upscaler Tiles",
}
