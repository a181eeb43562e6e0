"""Editing nodes: pictures brought to size and made starting points, and options of guidance."""

from typing import Any

import torch
from torch import Tensor

from if_graph.cascade.edit import KNOWN_REGIONS, Start, check_mask
from if_graph.cascade.guidance import Guidance
from if_graph.cascade.resize import fitted_size, resize, resize_mask
from if_graph.errors import InputError
from if_graph.text.embeddings import TextEmbeddings

from . import sockets
from .images import from_image, to_image


class IFFitImage:
    """Resize pictures, and a mask with them, to a size that a stage can take."""

    CATEGORY = "DeepFloyd IF/image"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.IMAGE, sockets.MASK)
    RETURN_NAMES = ("image", "mask")
    OUTPUT_TOOLTIPS = ("The pictures, resized.", "The mask, resized and made 0 or 1; all 1 without a mask.")
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": sockets.socket(sockets.IMAGE, "The pictures to resize."),
                "side": sockets.number(
                    "INT", 64, 8, 4096, 8, "Short side in pixels: 64 for Stage I, 256 for II, 1024 for III."
                ),
                "multiple": sockets.number(
                    "INT",
                    8,
                    1,
                    512,
                    1,
                    "The long side keeps the shape, rounded to a multiple of this: 8 for Stage I; "
                    "32 for the start of Stage II and 128 of III, so that it is four times as large.",
                ),
            },
            "optional": {"mask": sockets.socket(sockets.MASK, "A mask of the same size as the picture.")},
        }

    @classmethod
    def VALIDATE_INPUTS(cls, side: int | None = None, multiple: int | None = None) -> bool | str:
        return sockets.judged(_check_fit, side, multiple)

    def run(
        self, image: Tensor, side: int, multiple: int, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        pixels = from_image(image)
        size = fitted_size((pixels.shape[2], pixels.shape[3]), side, multiple)
        if mask is None:
            return to_image(resize(pixels, size)), torch.ones(1, *size)
        rows = from_mask(mask)
        check_mask(rows, pixels)
        return to_image(resize(pixels, size)), resize_mask(rows, size)[:, 0]


class IFImageNoising:
    """Start a stage from a picture in place of noise; with a mask, repaint a part of it."""

    CATEGORY = "DeepFloyd IF/sampling"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.START,)
    RETURN_NAMES = ("start",)
    OUTPUT_TOOLTIPS = ("Connect it to a stage, which noises it by its own schedule and seed.",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "image": sockets.socket(
                    sockets.IMAGE, "The pictures to start from, as large as the stage's result."
                ),
                "strength": sockets.number(
                    "FLOAT",
                    0.7,
                    0.0,
                    1.0,
                    0.01,
                    "Share of the schedule that is run: low stays close, 1 keeps almost nothing. "
                    "Usual are 0.7 in Stage I, 0.8 above, and 1 with a mask.",
                ),
            },
            "optional": {
                "mask": sockets.socket(sockets.MASK, "1 where to repaint; of the picture's size."),
                "known_region": sockets.choice(
                    list(KNOWN_REGIONS),
                    KNOWN_REGIONS[0],
                    "What the network sees where the mask protects: the picture noised as the step expects, "
                    "or the clean picture, as in the published pipelines.",
                ),
                "less_noise": sockets.number(
                    "INT", 0, 0, 999, 1, "Noise the picture this many steps less than the run starts with."
                ),
            },
        }

    @classmethod
    def VALIDATE_INPUTS(cls, strength: float | None = None) -> bool | str:
        return sockets.judged(_check_strength, strength)

    def run(
        self,
        image: Tensor,
        strength: float,
        mask: Tensor | None = None,
        known_region: str = KNOWN_REGIONS[0],
        less_noise: int = 0,
    ) -> tuple[Start]:
        rows = None if mask is None else from_mask(mask)
        return (Start(from_image(image), strength, rows, known_region, less_noise),)


class IFGuidance:
    """Steer a stage by more than prompt and scale; the defaults change nothing."""

    CATEGORY = "DeepFloyd IF/sampling"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.GUIDANCE,)
    RETURN_NAMES = ("guidance",)
    OUTPUT_TOOLTIPS = ("Connect it to a stage.",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "start": _share(0.0, "Share of the schedule that runs before guidance sets in."),
                "end": _share(1.0, "Share of the schedule after which guidance stops, halving its work."),
                "rescale": _share(0.0, "Bring guided predictions back towards their unguided contrast."),
                "threshold_percentile": _share(
                    0.0, "Share of pixels that thresholding leaves alone; 0 keeps the checkpoint's (0.95)."
                ),
                "threshold_ceiling": sockets.number(
                    "FLOAT",
                    0.0,
                    0.0,
                    100.0,
                    0.1,
                    "Largest divisor of thresholding, 1 or more; 0 keeps the checkpoint's "
                    "(1.5 in Stage I, 1 above).",
                ),
                "positive_mixer": _share(0.25, "Share of 'mix'; usual are 0.25 in Stage I, 0.5 above."),
            },
            "optional": {
                "style": sockets.socket(sockets.EMBEDS, "A style prompt, read as a whole (pooled)."),
                "mix": sockets.socket(sockets.EMBEDS, "A second prompt to guide towards."),
            },
        }

    @classmethod
    def VALIDATE_INPUTS(
        cls, start: float | None = None, end: float | None = None, threshold_ceiling: float | None = None
    ) -> bool | str:
        return sockets.judged(_check_guidance, start, end, threshold_ceiling)

    def run(
        self,
        start: float,
        end: float,
        rescale: float,
        threshold_percentile: float,
        threshold_ceiling: float,
        positive_mixer: float,
        style: TextEmbeddings | None = None,
        mix: TextEmbeddings | None = None,
    ) -> tuple[Guidance]:
        percentile, ceiling = threshold_percentile or None, threshold_ceiling or None
        return (Guidance(start, end, rescale, percentile, ceiling, style, mix, positive_mixer),)


def _check_fit(side: int, multiple: int) -> None:
    sockets.within("side", side, 8, 4096)
    sockets.within("multiple", multiple, 1, 512)
    fitted_size((side, side), side, multiple)


def _check_strength(strength: float) -> None:
    sockets.within("strength", strength, 0.0, 1.0)
    if strength == 0:
        raise InputError("strength is 0, expected above 0 to 1; at 0 no step is run, take 0.3 to stay close")


def _check_guidance(start: float, end: float, threshold_ceiling: float) -> None:
    sockets.within("threshold_ceiling", threshold_ceiling, 0.0, 100.0)
    Guidance(start, end, ceiling=threshold_ceiling or None)


def _share(default: float, tooltip: str) -> sockets.Socket:
    return sockets.number("FLOAT", default, 0.0, 1.0, 0.01, tooltip)


def from_mask(mask: Tensor) -> Tensor:
    """Turn a MASK [B, H, W] or [H, W], 0..1 into [B, 1, H, W].

    Raises:
        InputError: if it is not a MASK.
    """
    if mask.ndim not in (2, 3):
        raise InputError(f"mask has shape {list(mask.shape)}, expected [batch, height, width]")
    return mask.float().reshape(-1, 1, *mask.shape[-2:])


NODES = {
    "IFFitImage": IFFitImage,
    "IFImageNoising": IFImageNoising,
    "IFGuidance": IFGuidance,
}
NAMES = {
    "IFFitImage": "IF Fit Image",
    "IFImageNoising": "IF Image Noising",
    "IFGuidance": "IF Guidance",
}
