"""Sample sheets: what the exported checkpoint paints by now, through the engine that users run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.stage import Request, load_stage
from if_graph.files import unfinished
from if_graph.levels import to_levels
from if_graph.models.placement import place
from if_graph.text.t5 import load_text_encoder
from if_graph.training.pictures import Pictures
from if_graph.training.recipe import Recipe
from if_graph.training.world.sheet import contact_sheet

PICTURES = 8
PLAN = SamplingPlan(sampler="dpmpp_2m", timesteps="log_snr", steps=12)
GUIDANCE = 4.0
NOISE_LEVEL = 0.25


@dataclass(frozen=True)
class SampleSheet:
    """A fixed set of wishes, painted again and again while a network learns.

    Args:
        captions: B of them.
        side: of the pictures in pixels.
        text_encoder: checkpoint folder of a frozen encoder; None where the checkpoint brings its own.
        low_res: enlarged low-res pictures [B, 3, side, side], -1..1, for super-resolution.
        pixels: the pictures they were shrunk from, shown beside the painted ones.
    """

    captions: tuple[str, ...]
    side: int
    text_encoder: Path | None = None
    low_res: Tensor | None = None
    pixels: Tensor | None = None

    def paint(self, checkpoint: Path, path: Path) -> None:
        """Paint the wishes with the network in ``checkpoint`` and save them, captions underneath."""
        painted = self.sample(checkpoint)
        columns = [x for x in (self.low_res, painted, self.pixels) if x is not None]
        sheet = contact_sheet(list(to_levels(torch.cat(columns, dim=3))), self.captions, columns=4)
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished(path) as part:
            sheet.save(part, format="PNG")

    def sample(self, checkpoint: Path) -> Tensor:
        """Return the pictures [B, 3, side, side], -1..1, that the network in ``checkpoint`` paints."""
        stage = load_stage(checkpoint, place("cpu"))
        encoder = load_text_encoder(self.text_encoder or checkpoint)
        request = Request(
            positive=encoder.encode(self.captions),
            negative=encoder.encode([""]),
            plan=PLAN,
            generators=[torch.Generator().manual_seed(seed) for seed in range(len(self.captions))],
            size=(self.side, self.side),
            guidance_scale=GUIDANCE,
            low_res=self.low_res,  # of full size already: enlarging it changes nothing
            noise_level=NOISE_LEVEL,
        )
        *_, last = stage.sample(request)
        return last.x_t


def sheet_for(recipe: Recipe, pictures: Pictures) -> SampleSheet:
    """Choose the wishes: the recipe's own (``notes.sheet``), or captions spread over the data.

    Super-resolution takes its captions from the data always, since low-res pictures belong to them.
    """
    batch = pictures.batch(_spread(len(pictures), PICTURES))
    frozen = None if recipe.text_encoder is not None else Path(str(recipe.frozen_text_encoder))
    if batch.low_res is not None:
        return SampleSheet(batch.captions, recipe.side, frozen, batch.low_res, batch.pixels)
    return SampleSheet(tuple(recipe.notes.get("sheet") or batch.captions), recipe.side, frozen)


def _spread(count: int, wanted: int) -> Sequence[int]:
    return sorted({i * count // wanted for i in range(wanted)})
