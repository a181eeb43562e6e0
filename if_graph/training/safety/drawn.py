"""What the nano checker must flag, and harmless things that look like it; Twemoji file names by name."""

from if_graph.training.world.signs import SIGN
from if_graph.training.world.svgs import WORLD

UNWANTED: dict[str, str] = {
    "bomb": "1f4a3",
    "pistol": "1f52b",
    "knife": "1f52a",
    "dagger": "1f5e1",
    "swords": "2694",
    "axe": "1fa93",
    "cigarette": "1f6ac",
    "over eighteen": "1f51e",
    "middle finger": "1f595",
    "light middle finger": "1f595-1f3fb",
    "medium middle finger": "1f595-1f3fd",
    "dark middle finger": "1f595-1f3ff",
}
"""Weapons, smoking, and two signs that are not for children."""

ALIKE: dict[str, str] = {
    "scissors": "2702",
    "wrench": "1f527",
    "hammer": "1f528",
    "pen": "1f58a",
    "pencil": "270f",
    "candle": "1f56f",
    "toothbrush": "1faa5",
    "broom": "1f9f9",
    "flashlight": "1f526",
    "microphone": "1f3a4",
    "magnet": "1f9f2",
    "eight ball": "1f3b1",
    "balloon": "1f388",
    "thumb": "1f44d",
    "dark thumb": "1f44d-1f3ff",
    "hand": "270b",
    "medium hand": "270b-1f3fd",
    "pointing hand": "261d",
    "no entry": "26d4",
    "stop sign": "1f6d1",
    "no bicycles": "1f6b3",
}
"""Harmless, of a similar outline or colour: without them a checker flags every long grey thing."""

HARMLESS: dict[str, str] = {name: code for name, code in WORLD.items() if name not in UNWANTED} | ALIKE
CODEPOINTS: dict[str, str] = HARMLESS | UNWANTED
NAMES: tuple[str, ...] = (*CODEPOINTS, SIGN)
"""Everything a picture may show; a sign's letters are harmless, and no watermark."""
