"""Matrix products by the library that is fastest at them.

torch gives float32 products on a CPU to MKL, which on AMD processors with AVX-512 runs at two fifths of the
rate of the convolutions, which oneDNN computes (80 to 110 against 180 to 260 GFLOP/s). So there products go
to oneDNN as well; on Intel's, MKL is at home and by a tenth to a quarter the faster one. As in MKL's, the
last bits of a row do not depend on other rows, unless there is only one.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from if_graph.models.memory_layout import goes_fast, picture_of, rows_of
from if_graph.models.unset import Unset


def _is_intel() -> bool:
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return str(capabilities.get("cpu_name", "")).startswith("Intel")


def _finds_onednn() -> bool:
    is_built = bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]  # torch's own
    is_built = is_built and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    return is_built and torch.backends.cpu.get_cpu_capability() == "AVX512" and not _is_intel()


USES_ONEDNN = _finds_onednn()
"""Whether float32 products without gradients go to oneDNN, and attention to its products."""


MULTIPLIES_SHORT = bool(torch.cpu._is_avx512_bf16_supported() and not torch.cpu._is_amx_tile_supported())
"""Whether bfloat16 products cost a half of float32's: then it pays to spare some; with AMX it does not."""


def product(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply rows [..., L, K] with weight [M, K], and add bias [M]: [..., L, M]."""
    is_float = weight.dtype == rows.dtype and goes_fast(rows)
    if USES_ONEDNN and is_float and rows.ndim > 1 and rows.shape[-2] > 1:
        out: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
        return out
    return F.linear(rows, weight, bias)


class Linear(Unset, nn.Linear):
    """nn.Linear over tokens, by :func:`product`."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens [B, L, C_in] to [B, L, C_out]."""
        return product(tokens, self.weight, self.bias)


class Conv1x1(Unset, nn.Conv2d):
    """1x1 convolution, [B, C_in, H, W] -> [B, C_out, H, W]; in channels-last memory a matrix product."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__(c_in, c_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve x; the memory format stays."""
        if not goes_fast(x) or x.is_contiguous():
            return super().forward(x)
        return picture_of(product(rows_of(x), self.weight.flatten(1), self.bias), x.shape[2:])
