"""How often the checker is right, on pictures it never learned from."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from if_graph.models.safety import SafetyNet
from if_graph.training.safety.pictures import SafetyPictures

THRESHOLD = 0.5  # on the logit, as the published pipelines read it
CHUNK = 100


@dataclass(frozen=True)
class Score:
    """Precision and recall of one head, each 0..1.

    Args:
        precision: share of the flagged pictures that deserve it.
        recall: share of the pictures that deserve it that are flagged.
    """

    precision: float
    recall: float

    @classmethod
    def of(cls, flagged: Tensor, deserved: Tensor) -> "Score":
        """Compare two lists of truth values [N]; nothing flagged counts as precise."""
        right = float((flagged & deserved).sum())
        return cls(right / max(1.0, float(flagged.sum())), right / max(1.0, float(deserved.sum())))


@torch.no_grad()
def measure(net: SafetyNet, pictures: SafetyPictures) -> dict[str, Score]:
    """Return the score of each head (``unwanted``, ``watermark``) over all ``pictures``."""
    found: list[tuple[Tensor, ...]] = []
    for chunk in _chunks(range(len(pictures))):
        batch = pictures.batch(list(chunk))
        p, w = net(batch.views)
        found.append((p > THRESHOLD, batch.unwanted > 0, w > THRESHOLD, batch.marked > 0))
    flagged, unwanted, seen, marked = (torch.cat(column) for column in zip(*found, strict=True))
    return {"unwanted": Score.of(flagged, unwanted), "watermark": Score.of(seen, marked)}


def _chunks(indices: Sequence[int]) -> list[Sequence[int]]:
    return [indices[i : i + CHUNK] for i in range(0, len(indices), CHUNK)]
