"""Training and held-out scenes, told apart by a stable hash of the pairs a scene combines."""

import hashlib
import random
from collections.abc import Iterator
from itertools import combinations
from typing import Literal

from if_graph.training.world.scene import Scene, sample_scene
from if_graph.training.world.signs import SIGN, is_held_out_word

HELD_OUT_SHARE = 0.1
"""Share of object-background and of object-object pairs that training never sees."""

Split = Literal["train", "held-out"]


def is_held_out(scene: Scene) -> bool:
    """Whether training never sees one of its pairs of objects and backgrounds, or the word on its sign."""
    if scene.layout == SIGN:
        return is_held_out_word(scene.text)
    return any(_is_held_out_pair(pair) for pair in _pairs(scene))


def sample_split_scene(rng: random.Random, split: Split = "train") -> Scene:
    """Draw scenes until one belongs to ``split``."""
    while is_held_out(scene := sample_scene(rng)) is not (split == "held-out"):
        pass
    return scene


def _pairs(scene: Scene) -> Iterator[str]:
    names = sorted({placed.concept for placed in scene.objects})
    yield from (f"{name} on {scene.background}" for name in names)
    yield from (f"{one} with {other}" for one, other in combinations(names, 2))


def _is_held_out_pair(pair: str) -> bool:
    digest = hashlib.sha256(pair.encode()).digest()
    return int.from_bytes(digest[:4], "big") < HELD_OUT_SHARE * 2**32
