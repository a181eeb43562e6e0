"""A checkpoint's ``scheduler_config.json`` becomes a :class:`Diffusion`: noise table and prediction type."""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from if_graph.errors import CheckpointError

PREDICTION_TYPES = ("epsilon", "v_prediction", "sample")
VARIANCE_TYPES = ("learned_range", "learned", "fixed_small", "fixed_large")


def cosine_alpha_bar(steps: int = 1000) -> Tensor:
    """Return the cumulative products of the cosine schedule, [steps] float32.

    Betas are made in double precision, stored as float32 and multiplied up in float32, as the
    checkpoints' own pipelines do.

    Source: Nichol & Dhariwal 2021, section 3.2 (arXiv:2102.09672); cap 0.999.
    """
    return torch.cumprod(1.0 - torch.tensor(_cosine_betas(steps), dtype=torch.float32), dim=0)


@functools.cache
def _cosine_betas(steps: int) -> tuple[float, ...]:
    def level(u: float) -> float:
        return math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2

    return tuple(min(1 - level((i + 1) / steps) / level(i / steps), 0.999) for i in range(steps))


def linear_alpha_bar(steps: int, start: float, end: float) -> Tensor:
    """Return the cumulative products of evenly spaced betas, [steps] float32."""
    return torch.cumprod(1.0 - torch.linspace(start, end, steps, dtype=torch.float32), dim=0)


def scaled_linear_alpha_bar(steps: int, start: float, end: float) -> Tensor:
    """Return the cumulative products of betas whose square roots are evenly spaced, [steps] float32."""
    betas = torch.linspace(start**0.5, end**0.5, steps, dtype=torch.float32) ** 2
    return torch.cumprod(1.0 - betas, dim=0)


@dataclass(frozen=True)
class Diffusion:
    """How one model was trained to denoise.

    Args:
        alpha_bar: cumulative product of 1 - beta, [T] float32.
        prediction_type: what the first three channels are: ``epsilon``, ``v_prediction`` or ``sample``.
        variance_type: what its further channels are, if any.
        thresholding: dynamic thresholding of x_0; otherwise ``clip_sample`` decides.
        threshold_percentile: share of pixels that thresholding leaves unclipped.
        threshold_ceiling: largest divisor of thresholding (1.5 in Stage I, 1.0 above).
        clip_sample: clamp x_0 to [-1, 1] where thresholding is off.
        lambda_min: lower end of log(alpha/sigma) that log-SNR spacing may use.
    """

    alpha_bar: Tensor = field(default_factory=cosine_alpha_bar)
    prediction_type: str = "epsilon"
    variance_type: str = "learned_range"
    thresholding: bool = True
    threshold_percentile: float = 0.95
    threshold_ceiling: float = 1.5
    clip_sample: bool = True
    lambda_min: float = -5.1

    @property
    def train_steps(self) -> int:
        """Length of the table, T."""
        return len(self.alpha_bar)


def diffusion_from_json(data: Mapping[str, Any]) -> Diffusion:
    """Read a published ``scheduler_config.json``; fields it lacks take that class's published defaults.

    Raises:
        CheckpointError: if a field asks for a schedule or prediction no IF checkpoint has.
    """
    return Diffusion(
        alpha_bar=_table(data),
        prediction_type=_one_of(data, "prediction_type", PREDICTION_TYPES, "epsilon"),
        variance_type=_one_of(data, "variance_type", VARIANCE_TYPES, "fixed_small"),
        thresholding=bool(data.get("thresholding", False)),
        threshold_percentile=float(data.get("dynamic_thresholding_ratio", 0.995)),
        threshold_ceiling=float(data.get("sample_max_value", 1.0)),
        clip_sample=bool(data.get("clip_sample", True)),
        lambda_min=float(data.get("lambda_min_clipped", -math.inf)),
    )


def _table(data: Mapping[str, Any]) -> Tensor:
    steps = int(data.get("num_train_timesteps", 1000))
    start, end = float(data.get("beta_start", 1e-4)), float(data.get("beta_end", 0.02))
    tables = {
        "squaredcos_cap_v2": lambda: cosine_alpha_bar(steps),
        "linear": lambda: linear_alpha_bar(steps, start, end),
        "scaled_linear": lambda: scaled_linear_alpha_bar(steps, start, end),
    }
    return tables[_one_of(data, "beta_schedule", tuple(tables), "linear")]()


def _one_of(data: Mapping[str, Any], name: str, known: tuple[str, ...], default: str) -> str:
    value = data.get(name, default)
    if value not in known:
        raise CheckpointError(
            f"scheduler_config.json: '{name}' is {value!r}, expected one of {', '.join(known)}"
        )
    return str(value)
