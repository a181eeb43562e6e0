"""In which order pictures lie in memory, and which order a CPU computes a network fastest in.

Without gradients, float32 networks on a CPU keep their pictures channels-last: Winograd's convolutions
(:mod:`if_graph.models.winograd`), attention and 1x1 convolutions read them so without a copy.
"""

import torch
from torch import Tensor

_WIDE = 64  # channels from which convolutions are worth the other layout
_FEW = 2**15  # values of a picture that torch's own kernels suffice for, and are sooner


def goes_fast(x: Tensor) -> bool:
    """Whether a network computes x in the layout and by the sums that are fastest without gradients."""
    return is_inferred(x) and x.dtype == torch.float32


def is_short(x: Tensor) -> bool:
    """Whether x is bfloat16 on a CPU, without gradients."""
    return is_inferred(x) and x.dtype == torch.bfloat16


def is_inferred(x: Tensor) -> bool:
    """Whether x is on a CPU, without gradients, and not being compiled, where torch chooses for itself."""
    is_free = not (torch.is_grad_enabled() or torch.compiler.is_compiling())
    return is_free and x.device.type == "cpu"


def laid_out(x: Tensor, channels: int) -> Tensor:
    """Lay pictures [B, C, H, W] out as layers of ``channels`` and more compute fastest."""
    is_known = goes_fast(x) or is_short(x)
    return x.contiguous(memory_format=torch.channels_last) if is_known and channels >= _WIDE else x


def is_last(x: Tensor) -> bool:
    """Whether pictures lie channels-last in memory, and in no other order at once."""
    return not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last)


def is_large_last(x: Tensor) -> bool:
    """Whether pictures lie channels-last in memory and are so large that kernels of their own pay."""
    return is_last(x) and x[0].numel() > _FEW


def rows_of(x: Tensor) -> Tensor:
    """View channels-last pictures as they lie in memory, [B, H*W, C]."""
    return x.permute(0, 2, 3, 1).flatten(1, 2)


def picture_of(rows: Tensor, size: tuple[int, ...]) -> Tensor:
    """View rows [B, H*W, C] as channels-last pictures [B, C, *size]."""
    return rows.view(len(rows), *size, -1).permute(0, 3, 1, 2)
