"""Muon for a network's matrices and convolutions, AdamW for everything else, as one optimiser.

Source: Jordan et al. 2024 (https://kellerjordan.github.io/posts/muon); rates made comparable with AdamW's as
in Liu et al. 2025, section 2.2 (arXiv:2502.16982).
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Muon, Optimizer

_LEAST = 16  # rows and inputs of what Muon takes: colours and heads have too few directions
_MATRIX_RATE = 2.0  # Muon's rate against AdamW's


class MuonAndAdamW(Optimizer):
    """Steps matrices [out, in] and filters [out, in, k, k], read as [out, k*k*in], by Muon.

    Args:
        parameters: what learns.
        lr: AdamW's rate; Muon's is twice as high.
        betas: AdamW's.
        weight_decay: of both.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float], weight_decay: float
    ) -> None:
        chosen = list(parameters)
        super().__init__(chosen, {})
        self._filters = [p for p in chosen if p.ndim in (2, 4) and min(p.shape[:2]) >= _LEAST]
        self._flat = [
            nn.Parameter(_in_memory_order(p.detach(), p).view(len(p), -1)) for p in self._filters
        ]  # they share the filters' memory
        known = {id(p) for p in self._filters}
        rest = [p for p in chosen if id(p) not in known]
        self._parts: dict[str, Optimizer] = {}
        if self._flat:
            rate, how = _MATRIX_RATE * lr, "match_rms_adamw"
            self._parts["muon"] = Muon(self._flat, rate, weight_decay=weight_decay, adjust_lr_fn=how)
        if rest:
            self._parts["adamw"] = AdamW(rest, lr=lr, betas=betas, weight_decay=weight_decay, fused=True)
        self._share_groups()

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take one step by the parameters' gradients."""
        for flat, whole in zip(self._flat, self._filters, strict=True):
            flat.grad = None
            if whole.grad is not None:
                flat.grad = _in_memory_order(whole.grad, whole).reshape(flat.shape)
        for part in self._parts.values():
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients."""
        for part in self._parts.values():
            part.zero_grad(set_to_none)
        for whole in self._filters:
            whole.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Return the states of both."""
        return {name: part.state_dict() for name, part in self._parts.items()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the states of both."""
        for name, part in self._parts.items():
            part.load_state_dict(state_dict[name])
        self._share_groups()

    def _share_groups(self) -> None:
        """Let a schedule that sets this optimiser's rates set theirs."""
        self.param_groups = [group for part in self._parts.values() for group in part.param_groups]


def _in_memory_order(tensor: Tensor, weight: Tensor) -> Tensor:
    """Order a tensor of a weight's shape as that weight lies in memory, its outputs first."""
    is_last = weight.ndim == 4 and weight.is_contiguous(memory_format=torch.channels_last)
    return tensor.permute(0, 2, 3, 1) if is_last else tensor
