"""A recipe file (JSON) becomes a :class:`Recipe`: everything that decides how a network is trained.

Defaults follow the published recipe of DeepFloyd IF (model cards and README) where it states one.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from if_graph.errors import InputError
from if_graph.training.values import check_values

_SHIPPED = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Recipe:
    """How one network is trained.

    Args:
        data: where pictures come from: ``{"kind": "world" | "folder" | "tar", ...}``.
        unet: the network, as a ``unet/config.json``.
        scheduler: the noise schedule and prediction type, as a ``scheduler_config.json``.
        text_encoder: a T5 config to train together with the network, or None to use a frozen one.
        text_lesson: steps of a new encoder's first lesson (:mod:`if_graph.training.lesson`), after which it
            is frozen; 0 trains it together with the network.
        frozen_text_encoder: checkpoint folder of the frozen encoder, where ``text_encoder`` is None.
        side: side in pixels of the training pictures (crops, in super-resolution).
        low_side: side of the low-res pictures a super-resolution stage starts from; None for Stage I.
        steps: optimiser steps.
        batch: pictures per step, shared evenly by all processes that train together.
        optimizer: ``adamw``; ``adamw_8bit``, whose moments take a quarter of the memory; or ``muon``, which
            gets further with the same pictures where the network is small.
        shard_optimizer: whether each of several processes keeps the moments of its share of the weights
            only (ZeRO stage 1); one process alone keeps all.
        peak_rate: highest learning rate of the one-cycle schedule.
        start_divisor: peak over first learning rate (published: 2e-6 -> 5e-5).
        final_divisor: first over last learning rate.
        warm_up: share of the steps before the peak.
        weight_decay: of AdamW.
        clip_norm: largest gradient norm.
        squared_weight: of the squared error against the variational bound; an x_0 error is far smaller than
            an eps error, and would be drowned at weight 1.
        snr_ceiling: each picture's squared error is weighed by 1 + SNR, at most by this; at 1 all weigh the
            same, at 20 an x_0 error counts about as the v error it comes from.
        starts_as_copy: whether a network that predicts x_0 begins by copying what it is shown: the low-res
            picture, or in Stage I x_t (:mod:`if_graph.training.start`).
        noise_ceiling: noise levels of low-res pictures are uniform from 0 to this; 1 as published.
        caption_drop: share of captions replaced by "".
        max_shift: largest shift of the centre crop, as a share of the side.
        ema_decay: of the averaged weights that are exported.
        autocast: ``bfloat16`` or ``float32``.
        gelu_bits: bits per value that the network's GELUs keep for the backward pass
            (:mod:`if_graph.training.few_bit_gelu`); None keeps the value.
        compile: whether to compile the network first, which takes minutes and a C++ compiler, and makes every
            step about a third cheaper on a CPU.
        seed: decides batches, noise and first weights.
        notes: remarks; ``sheet`` lists the captions of the sample sheets.

    Raises:
        InputError: on construction, if a value is out of range.
    """

    data: Mapping[str, Any]
    unet: Mapping[str, Any]
    scheduler: Mapping[str, Any]
    text_encoder: Mapping[str, Any] | None = None
    text_lesson: int = 0
    frozen_text_encoder: str | None = None
    side: int = 64
    low_side: int | None = None
    steps: int = 2_420_000
    batch: int = 3072
    optimizer: str = "adamw"
    shard_optimizer: bool = False
    peak_rate: float = 5e-5
    start_divisor: float = 25.0
    final_divisor: float = 400.0
    warm_up: float = 0.004
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    squared_weight: float = 1.0
    snr_ceiling: float = 1.0
    starts_as_copy: bool = False
    noise_ceiling: float = 1.0
    caption_drop: float = 0.1
    max_shift: float = 0.1
    ema_decay: float = 0.9999
    autocast: str = "float32"
    gelu_bits: int | None = None
    compile: bool = False
    seed: int = 0
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_values({item.name: getattr(self, item.name) for item in fields(self)})

    @property
    def learns_text(self) -> bool:
        """Whether the text encoder is trained together with the network."""
        return self.text_encoder is not None and self.text_lesson == 0

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as plain data."""
        return asdict(self)


def shipped_recipes() -> tuple[str, ...]:
    """Return the names of the recipes that come with the package."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.json")))


def find_recipe(name: str) -> Path:
    """Turn a path, or the name of a shipped recipe, into the file to read.

    Raises:
        InputError: if it is neither.
    """
    if name in shipped_recipes():
        return _SHIPPED / f"{name}.json"
    if not Path(name).is_file():
        raise InputError(
            f"recipe {name}: no such file, and no shipped recipe has that name; "
            f"expected a JSON file or one of {', '.join(shipped_recipes())}"
        )
    return Path(name)


def read_recipe(path: Path, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe file and change some of its fields.

    Args:
        path: a JSON file.
        changes: values by field; ``data.count`` names a field of a field.

    Raises:
        InputError: if the file cannot be read, or a field or value is none a recipe has.
    """
    data = _read_object(path)
    for place, value in (changes or {}).items():
        _change(data, place, value)
    known = {item.name for item in fields(Recipe)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise InputError(
            f"recipe {path}: unknown field {unknown[0]!r}, expected one of {', '.join(sorted(known))}"
        )
    missing = sorted({"data", "unet", "scheduler"} - set(data))
    if missing:
        raise InputError(f"recipe {path}: field {missing[0]!r} is missing")
    return Recipe(**data)


def _read_object(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"recipe {path}: {error}; expected a JSON file") from error
    if not isinstance(data, dict):
        raise InputError(f"recipe {path}: got {type(data).__name__}, expected a JSON object of fields")
    return data


def _change(data: dict[str, Any], place: str, value: Any) -> None:
    name, dot, rest = place.partition(".")
    if not dot:
        data[name] = value
    elif isinstance(data.get(name), dict):
        _change(data[name], rest, value)
    else:
        raise InputError(f"recipe: {place} cannot be set, since {name!r} has no fields of its own")
