"""Tensors of a LoRA file, under any of the names it may use -> one low-rank update a layer."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from if_graph.errors import CheckpointError

_PREFIX = r"(?:unet\.|base_model\.model\.)*"
_OLD_SIDE = r"(?P<side>down\.weight|up\.weight|alpha)"
PATTERNS = (
    # the attention processors of diffusers before 0.22
    re.compile(_PREFIX + r"(?P<module>.+)\.processor\.(?P<leaf>\w+)_lora\." + _OLD_SIDE),
    # peft, with or without the adapter's name
    re.compile(_PREFIX + r"(?P<module>.+)\.lora_(?P<side>A|B)(?:\.\w+)?\.weight"),
    # the first form inside diffusers' own layers
    re.compile(_PREFIX + r"(?P<module>.+)\.lora\." + _OLD_SIDE),
    re.compile(_PREFIX + r"(?P<module>.+)\.(?P<side>alpha)"),
)
"""How a key names its layer and its side."""

_SIDES = {"A": "down", "down.weight": "down", "B": "up", "up.weight": "up", "alpha": "alpha"}


@dataclass(frozen=True, eq=False)
class LowRank:
    """The change of one linear layer: ``scale * up @ down``.

    Args:
        down: [r, in].
        up: [out, r].
        scale: alpha / r, as the file says, or 1.
    """

    down: Tensor
    up: Tensor
    scale: float


def read_updates(tensors: Mapping[str, Tensor], settings: Mapping[str, Any]) -> dict[str, LowRank]:
    """Collect the updates by the name of their layer.

    Args:
        tensors: everything in the file.
        settings: peft's ``lora_alpha``, ``alpha_pattern`` and ``use_rslora``, where known.

    Raises:
        CheckpointError: listing the keys that are of no known form or lack their other half.
    """
    parts: dict[str, dict[str, Tensor]] = {}
    unknown = []
    for key, tensor in tensors.items():
        module, side = _parse(key)
        if module:
            parts.setdefault(module, {})[side] = tensor
        else:
            unknown.append(key)
    refuse(unknown, "of no known LoRA form")
    refuse([name for name, found in parts.items() if not _is_whole(found)], "without two halves that fit")
    return {name: _update(name, found, settings) for name, found in parts.items()}


def refuse(keys: list[str], why: str) -> None:
    """Raise a CheckpointError that lists ``keys``, the first five of them, if there are any."""
    if keys:
        more = f" and {len(keys) - 5} more" if len(keys) > 5 else ""
        raise CheckpointError(
            f"got {len(keys)} keys {why} ({', '.join(sorted(keys)[:5])}{more}), expected pairs of lora_A and "
            "lora_B, or down and up, for layers of an IF UNet; take a LoRA that was trained on this network"
        )


def _parse(key: str) -> tuple[str, str]:
    for match in _matches(key):
        found = match.groupdict()
        leaf = found.get("leaf")
        module = found["module"] + (f".{'to_out.0' if leaf == 'to_out' else leaf}" if leaf else "")
        return module, _SIDES[found["side"]]
    return "", ""


def _matches(key: str) -> Iterator[re.Match[str]]:
    return (match for match in (pattern.fullmatch(key) for pattern in PATTERNS) if match)


def _is_whole(found: Mapping[str, Tensor]) -> bool:
    if not {"down", "up"} <= found.keys():
        return False
    down, up = found["down"], found["up"]
    alpha_fits = "alpha" not in found or found["alpha"].numel() == 1
    return down.ndim == up.ndim == 2 and len(down) == up.shape[1] > 0 and alpha_fits


def _update(name: str, found: Mapping[str, Tensor], settings: Mapping[str, Any]) -> LowRank:
    rank = len(found["down"])
    alpha = found["alpha"].item() if "alpha" in found else _alpha(name, settings, rank)
    return LowRank(found["down"], found["up"], alpha / (rank**0.5 if settings.get("use_rslora") else rank))


def _alpha(name: str, settings: Mapping[str, Any], rank: int) -> float:
    for pattern, alpha in (settings.get("alpha_pattern") or {}).items():
        if f".{name}".endswith(f".{pattern}"):
            return float(alpha)
    if "lora_alpha" in settings:
        return float(settings["lora_alpha"])
    return rank**0.5 if settings.get("use_rslora") else rank  # a scale of 1
