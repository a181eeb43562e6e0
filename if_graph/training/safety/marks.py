"""Visible watermarks as stock agencies lay them over pictures: tiled words, one across, or one in a band."""

import random

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from if_graph.training.world.render import Pixels
from if_graph.training.world.split import Split

WORDS: dict[Split, tuple[str, ...]] = {
    "train": ("SAMPLE", "STOCK", "PREVIEW", "PHOTOBANK", "COPYRIGHT", "pixelshop", "DEMO", "imagery.example"),
    "held-out": ("PROOF", "AGENCY", "SPECIMEN", "picturehouse"),
}
GREYS, CONTRAST = (0, 110, 255), 80  # 8-bit levels
OPACITY = (0.4, 0.8)

PLACES = ("tiled", "across", "band")

Size = tuple[int, int]


def watermarked(pixels: Pixels, rng: random.Random, split: Split) -> Pixels:
    """Lay a watermark over pixels [H, W, 3]; ``rng`` picks words, place, colour and strength."""
    place, text = rng.choice(PLACES), rng.choice(WORDS[split])
    ink, opacity = rng.choice(_contrasting(pixels)), rng.uniform(*OPACITY)
    size = pixels.shape[1], pixels.shape[0]
    if place == "band":
        ground, word = _band(text, size, rng)
        return _inked(_inked(pixels, ground, 255 - ink, opacity), word, ink, 1.0)
    return _inked(pixels, (_tiled if place == "tiled" else _across)(text, size, rng), ink, opacity)


def _contrasting(pixels: Pixels) -> list[int]:
    """Greys that stand out from the picture's commonest brightness."""
    brightness = float(np.median(pixels.mean(axis=2)))
    return [level for level in GREYS if abs(level - brightness) > CONTRAST]


def _inked(pixels: Pixels, cover: Image.Image, level: int, opacity: float) -> Pixels:
    share = np.asarray(cover, np.float32)[:, :, None] / 255 * opacity
    return np.asarray((pixels * (1 - share) + level * share).round(), np.uint8)


def _word(text: str, height: float) -> Image.Image:
    """The word's coverage, 0..255."""
    font = ImageFont.load_default(max(6.0, height))
    left, top, right, bottom = (int(edge) for edge in font.getbbox(text))
    word = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(word).text((-left, -top), text, 255, font)
    return word


def _tiled(text: str, size: Size, rng: random.Random) -> Image.Image:
    word = _word(text, size[1] * rng.uniform(0.12, 0.18))
    word = word.rotate(rng.uniform(15, 40), Image.Resampling.BICUBIC, expand=True)
    cover = Image.new("L", size)
    step_x, step_y = int(word.width * 1.1), int(word.height * 0.9)
    for row, top in enumerate(range(-word.height // 2, size[1], step_y)):
        for left in range(-word.width // 2 - row % 2 * step_x // 2, size[0], step_x):
            cover.paste(word, (left, top), word)
    return cover


def _across(text: str, size: Size, rng: random.Random) -> Image.Image:
    word = _word(text, size[1] * 0.25)
    width = int(size[0] * rng.uniform(0.85, 1.05))
    word = word.resize((width, max(1, word.height * width // word.width)), Image.Resampling.BICUBIC)
    word = word.rotate(rng.choice((0, 30, 45)) + rng.uniform(-8, 8), Image.Resampling.BICUBIC, expand=True)
    cover = Image.new("L", size)
    cover.paste(word, ((size[0] - word.width) // 2, (size[1] - word.height) // 2))
    return cover


def _band(text: str, size: Size, rng: random.Random) -> tuple[Image.Image, Image.Image]:
    """Coverage of the band, and of the word on it."""
    height = int(size[1] * rng.uniform(0.13, 0.2))
    top = rng.choice((0, size[1] - height))
    ground, cover = Image.new("L", size), Image.new("L", size)
    ground.paste(255, (0, top, size[0], top + height))
    word = _word(text, height * 0.7)
    cover.paste(word, (rng.randrange(max(1, size[0] - word.width)), top + (height - word.height) // 2))
    return ground, cover
