"""Moves each head's bias to where the published threshold balances precision and recall."""

import torch
from torch import Tensor, nn

from if_graph.models.safety import SafetyNet
from if_graph.training.safety.measure import THRESHOLD, Answers, Score

CANDIDATES = 200


def calibrate(net: SafetyNet, found: Answers) -> None:
    """Shift the biases of ``net``, in place.

    Training weighs both kinds of error by how often they come up, and hosts read a fixed threshold, so
    what is left to choose is the bias.

    Args:
        net: a taught checker.
        found: its answers about pictures that it neither learned from nor is measured on.
    """
    _shift(net.p_head, found.p, found.unwanted)
    _shift(net.w_head, found.w, found.marked)


def balanced_threshold(logits: Tensor, deserved: Tensor) -> float:
    """The threshold under which the worse of precision and recall is best.

    Args:
        logits: [N].
        deserved: truth values [N].
    """
    ordered = logits.sort().values
    middles = (ordered[:-1] + ordered[1:]) / 2
    places = torch.linspace(0, len(middles) - 1, min(CANDIDATES, len(middles))).long()

    def worse(threshold: Tensor) -> float:
        score = Score.of(logits > threshold, deserved)
        return min(score.precision, score.recall)

    return float(max(middles[places], key=worse))


@torch.no_grad()
def _shift(head: nn.Linear, logits: Tensor, deserved: Tensor) -> None:
    head.bias.add_(THRESHOLD - balanced_threshold(logits, deserved))
