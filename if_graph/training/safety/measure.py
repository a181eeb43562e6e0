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


@dataclass(frozen=True)
class Answers:
    """What a checker says of pictures, and what is true: logits and truth values, [N] each."""

    p: Tensor
    unwanted: Tensor
    w: Tensor
    marked: Tensor


@torch.no_grad()
def answers(net: SafetyNet, pictures: SafetyPictures) -> Answers:
    """Ask ``net`` about all ``pictures``."""
    found: list[tuple[Tensor, ...]] = []
    for chunk in _chunks(range(len(pictures))):
        batch = pictures.batch(list(chunk))
        p, w = net(batch.views)
        found.append((p, batch.unwanted > 0, w, batch.marked > 0))
    return Answers(*(torch.cat(column) for column in zip(*found, strict=True)))


def measure(net: SafetyNet, pictures: SafetyPictures) -> dict[str, Score]:
    """Return the score of each head (``unwanted``, ``watermark``) over all ``pictures``."""
    found = answers(net, pictures)
    return {
        "unwanted": Score.of(found.p > THRESHOLD, found.unwanted),
        "watermark": Score.of(found.w > THRESHOLD, found.marked),
    }


def _chunks(indices: Sequence[int]) -> list[Sequence[int]]:
    return [indices[i : i + CHUNK] for i in range(0, len(indices), CHUNK)]
