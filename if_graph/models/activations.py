"""Activations that work in place, and when that is allowed."""

import torch
import torch.nn.functional as F
from torch import Tensor

from if_graph.models.memory_layout import is_large_last


def spare(fresh: Tensor) -> Tensor | None:
    """Return where the result of an operation on ``fresh`` may go: over it, unless gradients are on.

    Only for a tensor that the caller has just made and needs no more. At 1024 pixels a new tensor costs the
    system as much time as the arithmetic: each is mapped anew, page by page.
    """
    return None if torch.is_grad_enabled() else fresh


def gelu_of(fresh: Tensor) -> Tensor:
    """GELU of a tensor that the caller needs no more; see :func:`spare`.

    On a CPU torch gives to oneDNN what lies in order, which takes half the time: so channels-last pictures
    are viewed channels-last. Small ones are left to the kernel that the peers run on them.
    """
    is_turned = fresh.ndim == 4 and is_large_last(fresh)
    seen = fresh.permute(0, 2, 3, 1) if is_turned else fresh
    out = F.gelu(seen) if torch.is_grad_enabled() else torch.ops.aten.gelu_(seen)
    return out.permute(0, 3, 1, 2) if is_turned else out


def silu_of(fresh: Tensor) -> Tensor:
    """SiLU of a tensor that the caller needs no more; see :func:`spare`."""
    return F.silu(fresh, inplace=not torch.is_grad_enabled())
