"""Loader nodes: a checkpoint's name becomes a text encoder or a stage."""

from typing import Any

from if_graph.cascade.safety import SafetyChecker
from if_graph.cascade.stage import Stage, load_stage
from if_graph.models.placement import place
from if_graph.models.safety import load_safety_net
from if_graph.text.t5 import TextEncoder, load_text_encoder

from . import host, sockets

SAFETY = "IF_SAFETY"


class IFLoadTextEncoder:
    """Load the T5 encoder and tokenizer of a checkpoint."""

    CATEGORY = "DeepFloyd IF/load"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.TEXT_ENCODER,)
    RETURN_NAMES = ("text_encoder",)
    OUTPUT_TOOLTIPS = ("Reads prompts; connect it to 'Encode text'.",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "checkpoint": _checkpoints("text_encoder"),
                "device": sockets.DEVICE,
                "dtype": sockets.DTYPE,
            }
        }

    @classmethod
    def IS_CHANGED(cls, checkpoint: str, device: str, dtype: str) -> str:
        return host.fingerprint(host.find_checkpoint(checkpoint, "text_encoder"))

    def run(self, checkpoint: str, device: str, dtype: str) -> tuple[TextEncoder]:
        placement = place(device, dtype)
        # T5 overflows in float16, so 'auto' is left to the text encoder: bfloat16 on a GPU
        wanted = None if dtype == "auto" else placement.dtype
        return (
            load_text_encoder(host.find_checkpoint(checkpoint, "text_encoder"), placement.device, wanted),
        )


class IFLoadStage:
    """Load one stage of the cascade: its UNet and noise schedule."""

    CATEGORY = "DeepFloyd IF/load"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.STAGE,)
    RETURN_NAMES = ("stage",)
    OUTPUT_TOOLTIPS = ("Connect it to the stage node of the same kind.",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {"checkpoint": _checkpoints("unet"), "device": sockets.DEVICE, "dtype": sockets.DTYPE}
        }

    @classmethod
    def IS_CHANGED(cls, checkpoint: str, device: str, dtype: str) -> str:
        return host.fingerprint(host.find_checkpoint(checkpoint, "unet"))

    def run(self, checkpoint: str, device: str, dtype: str) -> tuple[Stage]:
        return (load_stage(host.find_checkpoint(checkpoint, "unet"), place(device, dtype)),)


class IFLoadSafetyChecker:
    """Load the safety checker of a checkpoint; the licence of the weights asks for its use."""

    CATEGORY = "DeepFloyd IF/load"
    DESCRIPTION = __doc__
    RETURN_TYPES = (SAFETY,)
    RETURN_NAMES = ("safety",)
    OUTPUT_TOOLTIPS = ("Connect it to 'Safety checker'.",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "checkpoint": _checkpoints("safety_checker"),
                "device": sockets.DEVICE,
                "dtype": sockets.DTYPE,
            }
        }

    @classmethod
    def IS_CHANGED(cls, checkpoint: str, device: str, dtype: str) -> str:
        return host.fingerprint(host.find_checkpoint(checkpoint, "safety_checker"))

    def run(self, checkpoint: str, device: str, dtype: str) -> tuple[SafetyChecker]:
        placement = place(device, dtype)
        net = load_safety_net(host.find_checkpoint(checkpoint, "safety_checker"), placement)
        return (SafetyChecker(net, placement),)


def _checkpoints(part: str) -> sockets.Socket:
    names = host.list_checkpoints(part)
    tooltip = f"A checkpoint in the published layout, from ComfyUI's models/{host.MODEL_FOLDER}, a folder in "
    return sockets.choice(
        names, names[0] if names else "", tooltip + f"{host.ENVIRONMENT}, or the bundled nano."
    )


NODES = {
    "IFLoadTextEncoder": IFLoadTextEncoder,
    "IFLoadStage": IFLoadStage,
    "IFLoadSafetyChecker": IFLoadSafetyChecker,
}
NAMES = {
    "IFLoadTextEncoder": "IF Load Text Encoder",
    "IFLoadStage": "IF Load Stage",
    "IFLoadSafetyChecker": "IF Load Safety Checker",
}
