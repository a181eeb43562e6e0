"""The one attention kernel of both network families: softmax(q k^T / sqrt(d)) v.

torch's own CPU kernel multiplies through MKL, in bfloat16 no faster than in float32. Where oneDNN is the
faster library (:mod:`if_graph.models.products`), long sequences are attended to by its products, a block of
queries at a time, so that scores stay in the processor's cache; in bfloat16, short ones all at once. Scores
are of the type of q.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from if_graph.models.memory_layout import is_inferred
from if_graph.models.products import USES_ONEDNN, product

_TYPES = (torch.float32, torch.bfloat16)
_SHORT = 256  # queries below which the calls cost more than the products save
_AT_ONCE = 2**19  # scores of a block, 2 MB


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Let q [B, N, L, d] read k and v [B, N, M, d]: [B, N, L, d]; which way does not depend on B."""
    if not (USES_ONEDNN and is_inferred(q) and q.dtype in _TYPES):
        return F.scaled_dot_product_attention(q, k, v)
    if q.shape[2] >= _SHORT:
        return _in_blocks(q, k, v)
    if q.dtype == torch.float32:
        return F.scaled_dot_product_attention(q, k, v)
    scores = torch.matmul(q * q.shape[3] ** -0.5, k.transpose(2, 3))
    return torch.matmul(torch.softmax(scores, dim=3), v)


def _in_blocks(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attend head by head; the result is token-major in memory, as what reads it wants it."""
    batch, heads, length, width = q.shape
    out = q.new_empty(batch, length, heads, width).transpose(1, 2)
    for row in range(batch):
        for head in range(heads):
            _attend_one(q[row, head], k[row, head], v[row, head], out[row, head])
    return out


def _attend_one(q: Tensor, k: Tensor, v: Tensor, out: Tensor) -> None:
    keys, values = k * q.shape[1] ** -0.5, v.T.contiguous()
    count = -(-len(q) * len(k) // _AT_ONCE)
    for rows, part in zip(q.tensor_split(count), out.tensor_split(count), strict=True):
        shares = torch.softmax(product(rows, keys), dim=1)
        part.copy_(product(shares, values))
