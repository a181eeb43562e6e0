"""IMAGE <-> pixels <-> 8-bit pictures: the only place where layout and range are converted."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from if_graph.errors import InputError

CHANNELS = ("alpha", "red", "green", "blue")
NO_ALPHA = (64, 64)  # size of the empty mask ComfyUI gives for a picture without transparency


def to_image(pixels: Tensor) -> Tensor:
    """Turn pixels [B, 3, H, W], -1..1 into a ComfyUI IMAGE [B, H, W, 3], float32 0..1, on the CPU."""
    return (pixels.float().cpu() + 1).div_(2).clamp_(0, 1).permute(0, 2, 3, 1).contiguous()


def from_image(image: Tensor) -> Tensor:
    """Turn an IMAGE [B, H, W, C], 0..1 into pixels [B, 3, H, W], -1..1, on the CPU; alpha is left out.

    Raises:
        InputError: if it is not an IMAGE.
    """
    if image.ndim != 4 or image.shape[3] < 3:
        raise InputError(f"image has shape {list(image.shape)}, expected [batch, height, width, 3 channels]")
    return image[..., :3].float().cpu().permute(0, 3, 1, 2).mul(2).sub_(1)


def to_levels(image: Tensor) -> np.ndarray:
    """Turn one IMAGE row [H, W, C], 0..1 into 8-bit levels, truncating as ComfyUI's SaveImage does."""
    levels = 255.0 * image.detach().cpu().float().numpy()
    return np.clip(levels, 0, 255, out=levels).astype(np.uint8)


def from_picture(picture: Image.Image) -> Tensor:
    """Turn a Pillow picture into an IMAGE [1, H, W, 3]."""
    levels = np.asarray(picture.convert("RGB"), dtype=np.float32)
    return torch.from_numpy(levels / 255.0)[None]


def to_preview(pixels: Tensor) -> Image.Image:
    """Turn the first of pixels [B, 3, H, W] into a Pillow picture."""
    return Image.fromarray(to_levels(to_image(pixels[:1])[0]))


def mask_of(picture: Image.Image) -> Tensor:
    """Return the MASK [1, H, W] of a picture: 1 where it is transparent."""
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return torch.zeros(1, *NO_ALPHA)
    return channel_mask(picture, "alpha")


def channel_mask(picture: Image.Image, channel: str) -> Tensor:
    """Return the MASK [1, H, W] that one of ``CHANNELS`` is, as ComfyUI's LoadImageMask makes it.

    Alpha is turned round: 1 where the picture is transparent, so 0 everywhere if it has none.
    """
    levels = np.asarray(picture.convert("RGBA").getchannel(channel[0].upper()), dtype=np.float32) / 255.0
    mask = torch.from_numpy(levels)[None]
    return 1.0 - mask if channel == "alpha" else mask
