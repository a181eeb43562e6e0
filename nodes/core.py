"""Headless equivalents of the ComfyUI core nodes that workflows need: LoadImage, SaveImage, PreviewImage.

Not registered inside ComfyUI, which has its own; names, sockets and pixels are the same.
"""

import hashlib
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from if_graph.errors import InputError
from if_graph.folders import current_folders

from .files import input_file, input_names, save_pictures, target_of
from .images import from_picture, mask_of

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tiff"}


class LoadImage:
    """Load a picture from the input folder."""

    CATEGORY = "image"
    DESCRIPTION = __doc__
    RETURN_TYPES = ("IMAGE", "MASK")
    OUTPUT_TOOLTIPS = ("The picture.", "1 where it is transparent.")
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        about = {"image_upload": True, "tooltip": "A picture in the input folder."}
        return {"required": {"image": (input_names(PICTURES), about)}}

    @classmethod
    def VALIDATE_INPUTS(cls, image: str) -> bool | str:
        try:
            input_file(image)
        except InputError as error:
            return str(error)
        return True

    @classmethod
    def IS_CHANGED(cls, image: str) -> str:
        return hashlib.sha256(input_file(image).read_bytes()).hexdigest()

    def run(self, image: str) -> tuple[Tensor, Tensor]:
        try:
            with Image.open(input_file(image)) as opened:
                picture = ImageOps.exif_transpose(opened)
        except (UnidentifiedImageError, OSError, ValueError) as error:
            raise InputError(f"image {image!r} cannot be read ({error}); save it as PNG or JPEG") from error
        return from_picture(picture), mask_of(picture)


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


NODE_CLASS_MAPPINGS = {"LoadImage": LoadImage, "SaveImage": SaveImage, "PreviewImage": PreviewImage}
NODE_DISPLAY_NAME_MAPPINGS = {
    "LoadImage": "Load Image",
    "SaveImage": "Save Image",
    "PreviewImage": "Preview Image",
}
