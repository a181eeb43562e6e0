"""The background colours, and which of them let a concept be seen."""

from dataclasses import dataclass
from functools import cache

from if_graph.training.world.concepts import CONCEPTS

MIN_CONTRAST = 32.0
"""Least CIE76 distance between a background and every main fill of an object before it."""


@dataclass(frozen=True)
class Background:
    """One plain background.

    Args:
        name: the word used in plain captions.
        rgb: exact colour, hex.
        synonyms: further words a caption may use.
    """

    name: str
    rgb: str
    synonyms: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Every word for it, the plain one first."""
        return (self.name, *self.synonyms)


_ROWS = (
    Background("red", "d62828"),
    Background("orange", "f77f1b"),
    Background("yellow", "ffe03a"),
    Background("green", "1f9e4a"),
    Background("blue", "1b5cdf"),
    Background("purple", "8e24aa", ("violet",)),
    Background("pink", "ff8fc7"),
    Background("white", "ffffff"),
    Background("black", "101010"),
    Background("brown", "7a4a21"),
    Background("grey", "8d9299", ("gray",)),
    Background("turquoise", "17c3b2", ("teal",)),
)

BACKGROUNDS: dict[str, Background] = {row.name: row for row in _ROWS}


@cache
def visible_backgrounds(concept: str) -> tuple[str, ...]:
    """Names of the backgrounds before which all of ``concept`` can be seen."""
    fills = CONCEPTS[concept].fills
    return tuple(
        name
        for name, row in BACKGROUNDS.items()
        if min(contrast(row.rgb, fill) for fill in fills) >= MIN_CONTRAST
    )


def contrast(one: str, other: str) -> float:
    """CIE76 distance of two hex colours: 2 is just visible, black to white is 100."""
    return float(sum((a - b) ** 2 for a, b in zip(_lab(one), _lab(other), strict=True)) ** 0.5)


def _lab(rgb: str) -> tuple[float, float, float]:
    """CIE L*a*b* under D65 (IEC 61966-2-1, CIE 15)."""
    r, g, b = (_linear(int(rgb[i : i + 2], 16) / 255) for i in (0, 2, 4))
    x = _curve((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505)
    y = _curve(0.2126 * r + 0.7152 * g + 0.0722 * b)
    z = _curve((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _curve(value: float) -> float:
    return float(value ** (1 / 3)) if value > 0.008856 else 7.787 * value + 16 / 116
