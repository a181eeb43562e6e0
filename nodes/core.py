"""Headless equivalents of the core nodes of ComfyUI that workflows need, those that load among them.

Not registered inside ComfyUI, which has its own; names, sockets and pixels are the same.
"""

from typing import Any

from torch import Tensor

from if_graph.errors import InputError
from if_graph.folders import current_folders

from .core_load import LoadImage, LoadImageMask
from .files import save_pictures, target_of


class SaveImage:
    """Save pictures as PNG files that carry their workflow."""

    CATEGORY = "image"
    DESCRIPTION = __doc__
    RETURN_TYPES = ()
    FUNCTION = "run"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        prefix = {
            "default": "ComfyUI",
            "tooltip": "Start of the file name; may hold a subfolder and %width%, %year% ...",
        }
        return {
            "required": {
                "images": ("IMAGE", {"tooltip": "The pictures to save."}),
                "filename_prefix": ("STRING", prefix),
            },
            "hidden": {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"},
        }

    @classmethod
    def VALIDATE_INPUTS(cls, filename_prefix: str = "") -> bool | str:
        try:
            target_of(current_folders().output, filename_prefix, 0, 0)
        except InputError as error:
            return str(error)
        return True

    def run(
        self,
        images: Tensor,
        filename_prefix: str = "ComfyUI",
        prompt: dict[str, Any] | None = None,
        extra_pnginfo: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        return {
            "ui": {
                "images": save_pictures(
                    images, current_folders().output, "output", filename_prefix, prompt, extra_pnginfo
                )
            }
        }


class PreviewImage:
    """Keep pictures in the temporary folder, for a look."""

    CATEGORY = "image"
    DESCRIPTION = __doc__
    RETURN_TYPES = ()
    FUNCTION = "run"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {"images": ("IMAGE", {"tooltip": "The pictures to look at."})},
            "hidden": {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"},
        }

    def run(
        self,
        images: Tensor,
        prompt: dict[str, Any] | None = None,
        extra_pnginfo: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        return {
            "ui": {
                "images": save_pictures(
                    images, current_folders().temp, "temp", "preview", prompt, extra_pnginfo
                )
            }
        }


NODE_CLASS_MAPPINGS: dict[str, Any] = {
    "LoadImage": LoadImage,
    "LoadImageMask": LoadImageMask,
    "SaveImage": SaveImage,
    "PreviewImage": PreviewImage,
}
for _cls in NODE_CLASS_MAPPINGS.values():
    _cls.RELATIVE_PYTHON_MODULE = "nodes"  # whose classes an editor calls core

NODE_DISPLAY_NAME_MAPPINGS = {
    "LoadImage": "Load Image",
    "LoadImageMask": "Load Image (as Mask)",
    "SaveImage": "Save Image",
    "PreviewImage": "Preview Image",
}
