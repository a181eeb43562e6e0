"""What steers a stage beyond prompt and scale: a second prompt, a style, an interval, thresholds."""

import math
from dataclasses import dataclass, replace

from if_graph.diffusion.schedule import Diffusion
from if_graph.diffusion.trajectory import Trajectory
from if_graph.errors import InputError
from if_graph.text.embeddings import TextEmbeddings


@dataclass(frozen=True, eq=False)
class Guidance:
    """Options of guidance; the defaults change nothing.

    Args:
        start: share of the schedule's steps before guidance sets in, 0..1.
        end: share of the schedule's steps after which it stops; outside, the prompt alone is asked.
        rescale: how far to bring guided predictions back to unguided contrast, 0..1.
        percentile: of dynamic thresholding, in (0, 1]; None keeps the checkpoint's.
        ceiling: largest divisor of dynamic thresholding, at least 1; None keeps the checkpoint's.
        style: embeddings for the pooled path, in place of the prompt's.
        mix: embeddings of a second prompt, guided towards as well.
        positive_mixer: share of ``mix``, 0..1; 0.25 in Stage I and 0.5 above are the original's.

    Raises:
        InputError: on construction, if a value is out of range.
    """

    start: float = 0.0
    end: float = 1.0
    rescale: float = 0.0
    percentile: float | None = None
    ceiling: float | None = None
    style: TextEmbeddings | None = None
    mix: TextEmbeddings | None = None
    positive_mixer: float = 0.25

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= 1:
            raise InputError(
                f"guidance runs from {self.start} to {self.end}, expected 0 <= start < end <= 1; "
                "0 to 1 guides every step"
            )
        for name, value in (("rescale", self.rescale), ("positive_mixer", self.positive_mixer)):
            if not 0 <= value <= 1:
                raise InputError(f"{name} is {value}, expected 0 to 1")
        if self.percentile is not None and not 0 < self.percentile <= 1:
            raise InputError(f"threshold percentile is {self.percentile}, expected above 0 and up to 1")
        if self.ceiling is not None and not self.ceiling >= 1:
            raise InputError(
                f"threshold ceiling is {self.ceiling}, expected at least 1; 1.5 is usual in Stage I, 1 above"
            )

    def applied_to(self, diffusion: Diffusion) -> Diffusion:
        """Return ``diffusion`` with these thresholds; setting one switches thresholding on."""
        if self.percentile is None and self.ceiling is None:
            return diffusion
        percentile = diffusion.threshold_percentile if self.percentile is None else self.percentile
        ceiling = diffusion.threshold_ceiling if self.ceiling is None else self.ceiling
        return replace(
            diffusion, thresholding=True, threshold_percentile=percentile, threshold_ceiling=ceiling
        )

    def interval(self, trajectory: Trajectory) -> frozenset[int] | None:
        """Return the timesteps that are guided; None for all of them.

        Shares count the whole schedule, so that they mean the same noise levels when a run starts from a
        picture part of the way down.

        Source: Kynkaanniemi et al. 2024 (arXiv:2404.07724).
        """
        if self.start == 0 and self.end == 1:
            return None
        first, last = (math.ceil(share * len(trajectory)) for share in (self.start, self.end))
        return frozenset(trajectory.timesteps[first:last])
