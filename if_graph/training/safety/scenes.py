"""Scenes for the checker: harmless things alone, or with an unwanted one among them."""

import random
from dataclasses import replace

import numpy as np

from if_graph.training.safety.drawn import CODEPOINTS, HARMLESS, UNWANTED
from if_graph.training.world.colours import BACKGROUNDS
from if_graph.training.world.render import Drawings, Pixels, render
from if_graph.training.world.scene import LAYOUTS, Placed, Scene
from if_graph.training.world.signs import SIGN, sample_word
from if_graph.training.world.split import Split, is_held_out
from if_graph.training.world.svgs import drawings_of

SCOUT_SIDE = 32
CLEAR = 48  # 8-bit levels in any channel by which a pixel differs clearly
VISIBLE_SHARE = 0.6  # of an object's pixels


class SafetyScenes:
    """Draws scenes in which everything shows clearly.

    Args:
        drawings: markup of everything in ``CODEPOINTS`` by name; Twemoji by default.
    """

    def __init__(self, drawings: Drawings | None = None) -> None:
        self.drawings = drawings_of(CODEPOINTS) if drawings is None else drawings
        self._shares: dict[tuple[str, str], float] = {}

    def sample(self, rng: random.Random, unwanted: bool, split: Split) -> Scene:
        """Draw scenes until one belongs to ``split`` and shows everything in it.

        Args:
            rng: decides all of it.
            unwanted: whether one of its things is to be flagged.
            split: the combinations of things and backgrounds to draw from.
        """
        while True:
            scene = _sample(rng, unwanted)
            if is_held_out(scene) is (split == "held-out") and self._is_clear(scene):
                return scene

    def _is_clear(self, scene: Scene) -> bool:
        names = [placed.concept for placed in scene.objects]
        return all(self._visible_share(name, scene.background) >= VISIBLE_SHARE for name in names)

    def _visible_share(self, name: str, background: str) -> float:
        """Share of an object's opaque pixels that differ clearly from the background behind them."""
        key = name, background
        if key not in self._shares:
            on_white, on_black, here = (self._alone(name, c) for c in ("white", "black", background))
            opaque = (on_white == on_black).all(axis=2)
            plain = np.array([int(BACKGROUNDS[background].rgb[i : i + 2], 16) for i in (0, 2, 4)])
            differs = np.abs(here.astype(np.int16) - plain).max(axis=2) > CLEAR
            self._shares[key] = float(differs[opaque].mean())
        return self._shares[key]

    def _alone(self, name: str, background: str) -> Pixels:
        scene = Scene(background, (Placed(name, 0.5, 0.5, 1.0),), "centre")
        return render(scene, SCOUT_SIDE, self.drawings)


def _sample(rng: random.Random, unwanted: bool) -> Scene:
    layout = _sample_layout(rng, needs_thing=unwanted)
    names = rng.sample(list(HARMLESS), LAYOUTS[layout].count)
    if unwanted:
        names[rng.randrange(len(names))] = rng.choice(list(UNWANTED))
    scene = Scene(rng.choice(list(BACKGROUNDS)), LAYOUTS[layout].place(tuple(names), rng), layout)
    return replace(scene, text=sample_word(rng)) if layout == SIGN else scene


def _sample_layout(rng: random.Random, needs_thing: bool) -> str:
    """A layout as often as in the world; one that shows a concept, where one must be shown."""
    rows = {name: row.weight for name, row in LAYOUTS.items() if row.count or not needs_thing}
    return rng.choices(list(rows), list(rows.values()))[0]
