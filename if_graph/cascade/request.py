"""What a stage is asked to paint, and the checks that need no network."""

from dataclasses import dataclass, field, replace

from torch import Tensor

from if_graph.cascade.edit import Start
from if_graph.cascade.guidance import Guidance
from if_graph.cascade.low_res import LOW_RES_NOISES
from if_graph.cascade.plan import SamplingPlan
from if_graph.diffusion.noise import Generators
from if_graph.errors import InputError
from if_graph.text.embeddings import TextEmbeddings


@dataclass(frozen=True)
class Request:
    """What a stage is asked to paint.

    Args:
        positive: embeddings of the prompts, B rows.
        negative: embeddings of what to steer away from, B rows or one; unused at guidance 1.
        plan: sampler and timesteps.
        generators: one CPU generator for the batch, or one for each picture.
        size: height and width in pixels.
        guidance_scale: 1 and below leaves guidance out, and with it half of the work.
        low_res: pixels to start from [B, 3, h, w] or [1, 3, h, w], -1..1; super-resolution only.
        noise_level: noise added to ``low_res`` before the stage sees it, 0..1; higher invents more.
        start: a picture to start from in place of noise; of ``size``.
        guidance: options of guidance.
        low_res_noise: one of ``LOW_RES_NOISES``.
        blur_sigma: Gaussian blur of ``low_res`` before all else, in its pixels; 0 is none.
    """

    positive: TextEmbeddings
    negative: TextEmbeddings
    plan: SamplingPlan
    generators: Generators
    size: tuple[int, int]
    guidance_scale: float = 7.0
    low_res: Tensor | None = None
    noise_level: float = 0.25
    start: Start | None = None
    guidance: Guidance = field(default_factory=Guidance)
    low_res_noise: str = LOW_RES_NOISES[0]
    blur_sigma: float = 0.0

    @property
    def is_guided(self) -> bool:
        """Whether the negative prompt takes part; a second prompt brings it along."""
        return self.guidance_scale > 1 or self.guidance.mix is not None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the pixels to paint, [B, 3, H, W]."""
        return (len(self.positive), 3, *self.size)

    def checked(self) -> "Request":
        """Return the request with every embedding spread to B rows.

        Raises:
            InputError: if batches or sizes do not fit each other, or a value is out of range.
        """
        rows = len(self.positive)
        _check_rows("low-res pictures", self.low_res, rows)
        if self.low_res_noise not in LOW_RES_NOISES:
            known = ", ".join(LOW_RES_NOISES)
            raise InputError(f"low_res_noise is {self.low_res_noise!r}, expected one of {known}")
        if not 0 <= self.blur_sigma < float("inf"):
            raise InputError(f"blur_sigma is {self.blur_sigma}, expected 0 (none) or more")
        if self.start is not None:
            _check_start(self.start, self.size, rows)
        options = self.guidance
        style, mix = _spread("style", options.style, rows), _spread("mixed", options.mix, rows)
        negative = _spread("negative", self.negative, rows) or self.negative
        return replace(self, negative=negative, guidance=replace(options, style=style, mix=mix))


def _spread(what: str, embeds: TextEmbeddings | None, rows: int) -> TextEmbeddings | None:
    if embeds is None:
        return None
    if len(embeds) not in (1, rows):
        raise InputError(
            f"got {len(embeds)} {what} prompts for {rows} pictures; expected 1"
            + (f" or {rows}" if rows > 1 else "")
        )
    return embeds.repeat(rows // len(embeds))


def _check_rows(what: str, pixels: Tensor | None, rows: int) -> None:
    if pixels is not None and len(pixels) not in (1, rows):
        raise InputError(f"got {len(pixels)} {what} for {rows} prompts; expected 1 or {rows}")


def _check_start(start: Start, size: tuple[int, int], rows: int) -> None:
    _check_rows("start pictures", start.pixels, rows)
    _check_rows("masks", start.mask, rows)
    if start.size != size:
        got, wanted = (f"{width} x {height}" for height, width in (start.size, size))
        raise InputError(
            f"the start picture is {got} pixels, expected {wanted}, as large as the result; "
            "fit it with 'IF Fit Image'"
        )
