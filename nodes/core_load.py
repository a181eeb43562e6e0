"""Headless equivalents of ComfyUI's LoadImage and LoadImageMask: a file of the input folder as pixels."""

import hashlib
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from if_graph.errors import InputError

from . import sockets
from .files import input_file, input_names
from .images import CHANNELS, channel_mask, from_picture, mask_of

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
        return {"required": {"image": _picture_socket()}}

    @classmethod
    def VALIDATE_INPUTS(cls, image: str) -> bool | str:
        return sockets.judged(input_file, image)

    @classmethod
    def IS_CHANGED(cls, image: str) -> str:
        return _digest(image)

    def run(self, image: str) -> tuple[Tensor, Tensor]:
        picture = _opened(image)
        return from_picture(picture), mask_of(picture)


class LoadImageMask:
    """Load one channel of a picture from the input folder as a mask."""

    CATEGORY = "mask"
    DESCRIPTION = __doc__
    RETURN_TYPES = ("MASK",)
    OUTPUT_TOOLTIPS = ("The channel; of alpha, 1 where the picture is transparent.",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        about = {"default": CHANNELS[0], "tooltip": "Which channel; alpha is turned round."}
        return {"required": {"image": _picture_socket(), "channel": (list(CHANNELS), about)}}

    @classmethod
    def VALIDATE_INPUTS(cls, image: str) -> bool | str:
        return sockets.judged(input_file, image)

    @classmethod
    def IS_CHANGED(cls, image: str, channel: str) -> str:
        return _digest(image)

    def run(self, image: str, channel: str) -> tuple[Tensor]:
        return (channel_mask(_opened(image), channel),)


def _picture_socket() -> tuple[list[str], dict[str, Any]]:
    return input_names(PICTURES), {"image_upload": True, "tooltip": "A picture in the input folder."}


def _digest(image: str) -> str:
    return hashlib.sha256(input_file(image).read_bytes()).hexdigest()


def _opened(image: str) -> Image.Image:
    """Read a picture, the right way up.

    Raises:
        InputError: if the file is not there or is no picture.
    """
    try:
        with Image.open(input_file(image)) as opened:
            picture: Image.Image = ImageOps.exif_transpose(opened)
            return picture
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise InputError(f"image {image!r} cannot be read ({error}); save it as PNG or JPEG") from error
