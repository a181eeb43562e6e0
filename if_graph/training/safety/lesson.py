"""What the tower learns beside its two scores: to name what it sees, and where it sees it."""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from if_graph.models.safety import SafetyNet
from if_graph.training.safety.drawn import NAMES
from if_graph.training.safety.pictures import Labelled

NAMES_WEIGHT = 4.0
"""The error in naming the whole picture is a mean over a hundred names, nearly all of them absent."""


class SafetyLesson(nn.Module):
    """Read-outs that make the tower look, thrown away afterwards.

    "Is anything here unwanted?" is one bit a picture, from which a fresh tower learns little. What lies in
    each patch is as many answers as there are patches; they are read one layer before the last, so that
    the last can collect them.

    Args:
        net: the checker that learns.
    """

    def __init__(self, net: SafetyNet) -> None:
        super().__init__()
        self.net = net
        width = net.vision_model.get_parameter("vision_model.pre_layrnorm.weight").numel()
        self.names = nn.Linear(net.p_head.in_features, len(NAMES))
        self.things = nn.Linear(width, len(NAMES) + 1)
        self.ink = nn.Linear(width, 1)

    def forward(self, batch: Labelled) -> Tensor:
        """Return the loss of a batch, a scalar."""
        seen = self.net.vision_model(batch.views, output_hidden_states=True)
        patches, embeds = seen.hidden_states[-2][:, 1:], seen.image_embeds  # [B, grid * grid, C], [B, E]
        scores = torch.cat([self.net.p_head(embeds), self.net.w_head(embeds)], dim=1)
        wanted = torch.stack([batch.unwanted, batch.marked], dim=1)
        loss = F.binary_cross_entropy_with_logits(scores, wanted)
        loss = loss + NAMES_WEIGHT * F.binary_cross_entropy_with_logits(self.names(embeds), batch.shown)
        loss = loss + F.cross_entropy(self.things(patches).flatten(0, 1), batch.things.flatten())
        return loss + F.binary_cross_entropy_with_logits(self.ink(patches).flatten(1), batch.ink.flatten(1))


def varied(batch: Labelled, noise: float, generator: torch.Generator) -> Labelled:
    """Mirror a batch half of the time, and lay noise over it, of a strength up to ``noise`` for each view."""
    if torch.rand((), generator=generator) < 0.5:
        mirrored = {name: getattr(batch, name).flip(-1) for name in ("views", "things", "ink")}
        batch = replace(batch, **mirrored)
    deviation = noise * torch.rand(len(batch.views), 1, 1, 1, generator=generator)
    return replace(batch, views=batch.views + deviation * torch.randn(batch.views.shape, generator=generator))
