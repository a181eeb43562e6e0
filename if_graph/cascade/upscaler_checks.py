"""What the x4 upscaler refuses, before any work."""

from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from torch import Tensor

from if_graph.cascade.low_res import level_index
from if_graph.cascade.stage import Request
from if_graph.cascade.upscaler_schedule import UpscalerSchedule
from if_graph.errors import InputError

USED = frozenset(
    {"positive", "negative", "plan", "generators", "size", "guidance_scale", "low_res", "noise_level"}
)
"""Fields of a request that the upscaler reads; the others steer IF's own networks alone."""


def checked_low_res(request: Request, factor: int) -> Tensor:
    """Return the low-res pixels of a request that fits an upscaler of this factor.

    Raises:
        InputError: if it does not, or asks for what the upscaler cannot do.
    """
    _refuse_unused(request)
    if request.low_res is None:
        raise InputError("the upscaler takes a low-res picture: connect an image")
    rows, low_res = len(request.positive), request.low_res
    for name, count in (("negative prompts", len(request.negative)), ("low-res pictures", len(low_res))):
        if count not in (1, rows):
            raise InputError(f"got {count} {name} for {rows} prompts; expected 1 or {rows}")
    wanted = (factor * low_res.shape[2], factor * low_res.shape[3])
    if tuple(request.size) != wanted:
        raise InputError(
            f"size is {tuple(request.size)}, expected {wanted}: the upscaler enlarges {factor} times"
        )
    return low_res


def checked_level(noise_level: float, schedule: UpscalerSchedule) -> int:
    """Turn a noise level 0..1 into a timestep that the upscaler was trained to see.

    Raises:
        InputError: if it is out of range.
    """
    level = level_index(noise_level, schedule.noising)
    if level > schedule.max_level:
        most = schedule.max_level / schedule.noising.train_steps
        raise InputError(
            f"noise_level is {noise_level}, expected at most {most} for the upscaler; "
            "0.02 is its published default"
        )
    return level


def _refuse_unused(request: Request) -> None:
    for part in fields(request):
        default = part.default if part.default_factory is MISSING else part.default_factory()
        if part.name not in USED and not _is_same(getattr(request, part.name), default):
            raise InputError(
                f"the upscaler has no use for '{part.name}'; disconnect or reset it, or load an IF network"
            )


def _is_same(value: Any, default: Any) -> bool:
    if is_dataclass(value) and type(value) is type(default):
        return vars(value) == vars(default)
    return bool(value == default)
