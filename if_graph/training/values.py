"""Which values the fields of a recipe take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from if_graph.errors import InputError


@dataclass(frozen=True)
class Rule:
    """What a field takes, as a test and in words."""

    accepts: Callable[[Any], bool]
    wanted: str

    def or_none(self) -> "Rule":
        """Return the rule that also takes None."""
        return Rule(lambda value: value is None or self.accepts(value), f"{self.wanted} or null")


def check_values(values: Mapping[str, Any]) -> None:
    """Hold every field to its rule.

    Raises:
        InputError: naming the first field that breaks it.
    """
    for name, value in values.items():
        if not RULES[name].accepts(value):
            raise InputError(f"recipe: {name} is {value!r}, expected {RULES[name].wanted}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_FIELDS = Rule(lambda value: isinstance(value, Mapping), "an object of fields")
_TEXT = Rule(lambda value: isinstance(value, str), "a text")
_COUNT = Rule(lambda value: _is_whole(value) and value >= 1, "a whole number of at least 1")
_FROM_0 = Rule(lambda value: _is_whole(value) and value >= 0, "a whole number of at least 0")
_POSITIVE = Rule(lambda value: _is_number(value) and 0 < value < float("inf"), "a number above 0")
_SHARE = Rule(lambda value: _is_number(value) and 0 <= value <= 1, "a number from 0 to 1")

_YES_NO = Rule(lambda value: isinstance(value, bool), "true or false")

OPTIMIZERS = ("adamw", "adamw_8bit", "muon")

RULES: dict[str, Rule] = {
    "data": _FIELDS,
    "unet": _FIELDS,
    "scheduler": _FIELDS,
    "text_encoder": _FIELDS.or_none(),
    "text_lesson": _FROM_0,
    "frozen_text_encoder": _TEXT.or_none(),
    "side": _COUNT,
    "low_side": _COUNT.or_none(),
    "steps": _COUNT,
    "batch": _COUNT,
    "optimizer": Rule(lambda value: value in OPTIMIZERS, "one of " + ", ".join(OPTIMIZERS)),
    "peak_rate": _POSITIVE,
    "start_divisor": _POSITIVE,
    "final_divisor": _POSITIVE,
    "warm_up": _SHARE,
    "weight_decay": Rule(lambda value: _is_number(value) and value >= 0, "a number of at least 0"),
    "clip_norm": _POSITIVE,
    "squared_weight": _POSITIVE,
    "snr_ceiling": Rule(lambda value: _is_number(value) and value >= 1, "a number of at least 1"),
    "noise_ceiling": _SHARE,
    "caption_drop": _SHARE,
    "max_shift": _SHARE,
    "ema_decay": _SHARE,
    "autocast": Rule(lambda value: value in ("bfloat16", "float32"), "bfloat16 or float32"),
    "gelu_bits": Rule(lambda value: _is_whole(value) and value in (2, 3, 4), "2, 3 or 4").or_none(),
    "compile": _YES_NO,
    "shard_optimizer": _YES_NO,
    "starts_as_copy": _YES_NO,
    "seed": _FROM_0,
    "notes": _FIELDS,
}
