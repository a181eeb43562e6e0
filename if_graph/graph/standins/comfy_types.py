"""``comfy.comfy_types``: names for annotations; none of them does anything when a node runs."""

from enum import Enum
from typing import Any, TypedDict

__all__ = ["IO", "CheckLazyMixin", "ComfyNodeABC", "FileLocator", "InputTypeDict", "InputTypeOptions"]


class IO(str, Enum):
    """Socket types; a member is equal to the string that ComfyUI uses."""

    STRING, IMAGE, MASK, LATENT = "STRING", "IMAGE", "MASK", "LATENT"
    BOOLEAN, INT, FLOAT, COMBO, NUMBER = "BOOLEAN", "INT", "FLOAT", "COMBO", "FLOAT,INT"
    CONDITIONING, SAMPLER, SIGMAS, GUIDER, NOISE = "CONDITIONING", "SAMPLER", "SIGMAS", "GUIDER", "NOISE"
    CLIP, CLIP_VISION, CLIP_VISION_OUTPUT = "CLIP", "CLIP_VISION", "CLIP_VISION_OUTPUT"
    CONTROL_NET, VAE, MODEL, LORA_MODEL = "CONTROL_NET", "VAE", "MODEL", "LORA_MODEL"
    STYLE_MODEL, GLIGEN, UPSCALE_MODEL, AUDIO = "STYLE_MODEL", "GLIGEN", "UPSCALE_MODEL", "AUDIO"
    VIDEO, WEBCAM, POINT, FACE_ANALYSIS = "VIDEO", "WEBCAM", "POINT", "FACE_ANALYSIS"
    BBOX, SEGS, PRIMITIVE, ANY = "BBOX", "SEGS", "STRING,FLOAT,INT,BOOLEAN", "*"

    def __str__(self) -> str:
        return str(self.value)


class InputTypeOptions(TypedDict, total=False):
    """Options of an input, such as ``default``, ``min``, ``max`` and ``tooltip``."""

    default: Any
    tooltip: str


class InputTypeDict(TypedDict, total=False):
    """What ``INPUT_TYPES`` returns."""

    required: dict[str, Any]
    optional: dict[str, Any]
    hidden: dict[str, Any]


class FileLocator(TypedDict):
    """A file that an output node tells of."""

    filename: str
    subfolder: str
    type: str


class ComfyNodeABC:
    """Base of node classes that want their attributes checked by a type checker."""


class CheckLazyMixin:
    """Asks for every lazy input that is not there yet."""

    def check_lazy_status(self, **kwargs: Any) -> list[str]:
        """Return the names of the inputs that are None."""
        return [name for name, value in kwargs.items() if value is None]
