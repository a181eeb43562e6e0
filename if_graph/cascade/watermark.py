"""The mark in a picture's lower right corner that tells it was painted: its place, its size, its pasting."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor, nn

from if_graph.errors import CheckpointError
from if_graph.weights import fill_weights, find_weights

SIDE, MARGIN, FULL = 62, 14, 1024  # the mark and its margin at 1024 x 1024, deepfloyd_if
OWN_MARK = Path(__file__).parents[1] / "bundled" / "watermark.png"

Box = tuple[int, int, int, int]
"""Left, top, right and bottom edge in pixels; right and bottom are outside."""


def mark_box(width: int, height: int) -> Box:
    """Return where the mark goes in a picture of this size; it scales with the root of the area.

    Below about 17 x 17 pixels the mark vanishes and the box is empty.
    """
    scale = (width * height / FULL**2) ** 0.5
    side, right, bottom = int(scale * SIDE), width - int(MARGIN * scale), height - int(MARGIN * scale)
    return max(right - side, 0), max(bottom - side, 0), right, bottom


def paste_mark(pixels: Tensor, mark: Image.Image) -> Tensor:
    """Lay ``mark`` over pixels [B, 3, h, w], -1..1, the cut-out of its box; returns a new tensor."""
    height, width = pixels.shape[2:]
    if not height or not width:
        return pixels.clone()
    sized = np.asarray(mark.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32) / 255
    layers = torch.from_numpy(sized).to(pixels.device).permute(2, 0, 1)  # red, green, blue, alpha
    return pixels * (1 - layers[3]) + (layers[:3] * 2 - 1) * layers[3]


def load_mark(folder: Path | None = None) -> Image.Image:
    """Return the official mark of a checkpoint ``folder``, or this project's own for None.

    Raises:
        CheckpointError: if the folder has none, or it cannot be read.
    """
    try:
        if folder is None:
            with Image.open(OWN_MARK) as opened:
                return opened.convert("RGBA")
        return _official_mark(folder / "watermarker")
    except (OSError, UnidentifiedImageError) as error:
        raise CheckpointError(f"{folder or OWN_MARK}: {error}; download the watermark again") from error


class _MarkFile(nn.Module):
    """The published file's only tensor: RGBA levels 0..255, [62, 62, 4]."""

    def __init__(self) -> None:
        super().__init__()
        self.watermark_image = nn.Parameter(torch.empty(SIDE, SIDE, 4, device="meta"), requires_grad=False)


def _official_mark(folder: Path) -> Image.Image:
    file = _MarkFile()
    fill_weights(file, find_weights(folder, "diffusion_pytorch_model"), "cpu", lambda _: torch.float32)
    levels = file.watermark_image.clamp(0, 255).to(torch.uint8).numpy()
    return Image.fromarray(levels)  # four channels: RGBA
