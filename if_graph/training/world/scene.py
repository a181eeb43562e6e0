"""Scenes: which concepts stand where before which background, drawn at random by layout."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from if_graph.training.world.colours import visible_backgrounds
from if_graph.training.world.concepts import CONCEPTS

SINGLE_SIZES = (0.55, 0.75)
PAIR_SIZES = (0.38, 0.46)
JITTER = 0.06
MARGIN = 0.01


@dataclass(frozen=True)
class Placed:
    """One concept in a scene; centre ``cx``, ``cy`` and box ``size`` are fractions of the picture's side."""

    concept: str
    cx: float
    cy: float
    size: float


@dataclass(frozen=True)
class Scene:
    """Objects in reading order (left to right, top to bottom) before a background; names are table keys."""

    background: str
    objects: tuple[Placed, ...]
    layout: str


@dataclass(frozen=True)
class Layout:
    """How often a layout is drawn, how many different concepts it takes, and where it puts them."""

    weight: float
    count: int
    place: Callable[[tuple[str, ...], random.Random], tuple[Placed, ...]]


def sample_scene(rng: random.Random) -> Scene:
    """Draw any scene of the world in which every object can be seen; ``rng`` decides all of it."""
    layout = rng.choices(list(LAYOUTS), [row.weight for row in LAYOUTS.values()])[0]
    names, backgrounds = _sample_concepts(LAYOUTS[layout].count, rng)
    return Scene(rng.choice(backgrounds), LAYOUTS[layout].place(names, rng), layout)


def _sample_concepts(count: int, rng: random.Random) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Different concepts, and the backgrounds that show them all; draws again while there is none."""
    backgrounds: tuple[str, ...] = ()
    while not backgrounds:
        names = tuple(rng.sample(list(CONCEPTS), count))
        backgrounds = _shared_backgrounds(names)
    return names, backgrounds


@cache
def _shared_backgrounds(names: tuple[str, ...]) -> tuple[str, ...]:
    first, *others = (visible_backgrounds(name) for name in names)
    return tuple(background for background in first if all(background in other for other in others))


def _centre(names: tuple[str, ...], rng: random.Random) -> tuple[Placed, ...]:
    size = rng.uniform(*SINGLE_SIZES)
    return (Placed(names[0], 0.5 + _jitter(rng), 0.5 + _jitter(rng), size),)


def _row(names: tuple[str, ...], rng: random.Random) -> tuple[Placed, ...]:
    sizes = [rng.uniform(*PAIR_SIZES) for _ in names]
    return tuple(
        Placed(name, _along(i, len(names), size, rng), 0.5 + _jitter(rng), size)
        for i, (name, size) in enumerate(zip(names, sizes, strict=True))
    )


def _column(names: tuple[str, ...], rng: random.Random) -> tuple[Placed, ...]:
    return tuple(Placed(row.concept, row.cy, row.cx, row.size) for row in _row(names, rng))


def _along(index: int, count: int, size: float, rng: random.Random) -> float:
    """A centre anywhere inside the object's own share of the axis, so that neighbours never overlap."""
    low, high = index / count + size / 2 + MARGIN, (index + 1) / count - size / 2 - MARGIN
    return rng.uniform(low, high)


def _jitter(rng: random.Random) -> float:
    return rng.uniform(-JITTER, JITTER)


LAYOUTS: dict[str, Layout] = {
    "centre": Layout(0.7, 1, _centre),
    "row": Layout(0.18, 2, _row),
    "column": Layout(0.12, 2, _column),
}
