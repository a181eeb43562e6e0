"""Scenes: which concepts stand where before which background, drawn at random by layout."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from if_graph.training.world.colours import BACKGROUNDS, visible_backgrounds
from if_graph.training.world.concepts import CONCEPTS
from if_graph.training.world.signs import SIGN, sample_word

SINGLE_SIZES = (0.55, 0.75)
SMALL_SIZES = (0.25, 0.34)
LARGE_SIZES = (0.86, 0.94)
PAIR_SIZES = (0.38, 0.46)
CORNER_SIZES = (0.32, 0.42)
GROUP_SIZES = {2: 0.42, 3: 0.31, 4: 0.42}
SIGN_SIZES = (0.84, 0.92)
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
    """Objects in reading order (left to right, top to bottom) before a background; names are table keys.

    Args:
        background: a key of ``BACKGROUNDS``.
        objects: what stands where.
        layout: a key of ``LAYOUTS``.
        text: the letters on the sign, in the layout ``sign`` only.
    """

    background: str
    objects: tuple[Placed, ...]
    layout: str
    text: str = ""


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
    scene = Scene(rng.choice(backgrounds), LAYOUTS[layout].place(names, rng), layout)
    return replace(scene, text=sample_word(rng)) if layout == SIGN else scene


def _sample_concepts(count: int, rng: random.Random) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Different concepts, and the backgrounds that show them all; draws again while there is none."""
    if count == 0:
        return (), tuple(BACKGROUNDS)
    backgrounds: tuple[str, ...] = ()
    while not backgrounds:
        names = tuple(rng.sample(list(CONCEPTS), count))
        backgrounds = _shared_backgrounds(names)
    return names, backgrounds


@cache
def _shared_backgrounds(names: tuple[str, ...]) -> tuple[str, ...]:
    first, *others = (visible_backgrounds(name) for name in names)
    return tuple(background for background in first if all(background in other for other in others))


def _middle(sizes: tuple[float, float]) -> Callable[[tuple[str, ...], random.Random], tuple[Placed, ...]]:
    """One thing in the middle; the larger it is, the less it may stray."""

    def place(names: tuple[str, ...], rng: random.Random) -> tuple[Placed, ...]:
        size = rng.uniform(*sizes)
        reach = min(JITTER, (1 - size) / 2 - MARGIN)
        return (Placed(names[0], 0.5 + rng.uniform(-reach, reach), 0.5 + rng.uniform(-reach, reach), size),)

    return place


def _corner(names: tuple[str, ...], rng: random.Random) -> tuple[Placed, ...]:
    size = rng.uniform(*CORNER_SIZES)
    near = [size / 2 + rng.uniform(MARGIN, JITTER) for _ in range(2)]
    cx, cy = (rng.choice((centre, 1 - centre)) for centre in near)
    return (Placed(names[0], cx, cy, size),)


def _row(names: tuple[str, ...], rng: random.Random) -> tuple[Placed, ...]:
    sizes = [rng.uniform(*PAIR_SIZES) for _ in names]
    return tuple(
        Placed(name, _along(i, len(names), size, rng), 0.5 + _jitter(rng), size)
        for i, (name, size) in enumerate(zip(names, sizes, strict=True))
    )


def _column(names: tuple[str, ...], rng: random.Random) -> tuple[Placed, ...]:
    return tuple(Placed(row.concept, row.cy, row.cx, row.size) for row in _row(names, rng))


def _group(names: tuple[str, ...], rng: random.Random) -> tuple[Placed, ...]:
    """Two or three of a kind in a row, or four in a square."""
    count = rng.choice(list(GROUP_SIZES))
    size = GROUP_SIZES[count] * rng.uniform(0.93, 1)
    columns = 2 if count == 4 else count
    rows = count // columns
    return tuple(
        Placed(names[0], (i % columns + 0.5) / columns, (i // columns + 0.5) / rows, size)
        for i in range(count)
    )


def _sign(_: tuple[str, ...], rng: random.Random) -> tuple[Placed, ...]:
    return (Placed(SIGN, 0.5, 0.5, rng.uniform(*SIGN_SIZES)),)


def _along(index: int, count: int, size: float, rng: random.Random) -> float:
    """A centre anywhere inside the object's own share of the axis, so that neighbours never overlap."""
    low, high = index / count + size / 2 + MARGIN, (index + 1) / count - size / 2 - MARGIN
    return rng.uniform(low, high)


def _jitter(rng: random.Random) -> float:
    return rng.uniform(-JITTER, JITTER)


LAYOUTS: dict[str, Layout] = {
    "centre": Layout(0.46, 1, _middle(SINGLE_SIZES)),
    "small": Layout(0.04, 1, _middle(SMALL_SIZES)),
    "large": Layout(0.04, 1, _middle(LARGE_SIZES)),
    "corner": Layout(0.06, 1, _corner),
    "row": Layout(0.14, 2, _row),
    "column": Layout(0.1, 2, _column),
    "group": Layout(0.08, 1, _group),
    SIGN: Layout(0.08, 0, _sign),
}
