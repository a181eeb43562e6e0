"""Captions of a scene: a small grammar of word orders, synonyms and relations, all lower case."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, product

from if_graph.training.world.colours import BACKGROUNDS
from if_graph.training.world.concepts import CONCEPTS
from if_graph.training.world.scene import Placed, Scene
from if_graph.training.world.signs import LETTERS, SIGN

# {0}, {1}: nouns in reading order; {a0}, {a1}: the same with their article; {p0}: the plural;
# {w}: where a corner is; {n}: how many; {t}: the letters on a sign.
SUBJECTS: dict[str, tuple[str, ...]] = {
    "centre": ("{a0}", "{a0}", "{a0}", "{0}", "one {0}", "the {0}"),
    "small": ("a small {0}", "a small {0}", "a little {0}", "a tiny {0}", "small {0}"),
    "large": ("a large {0}", "a big {0}", "a huge {0}", "a giant {0}", "large {0}"),
    "corner": (
        "{a0} in the {w} corner",
        "{a0} in the {w} corner",
        "a small {0} in the {w} corner",
        "{0} in the {w}",
        "{a0} at the {w}",
    ),
    "row": (
        "{a0} to the left of {a1}",
        "{a0} left of {a1}",
        "{a1} to the right of {a0}",
        "{a1} right of {a0}",
        "{a0} and {a1}",
        "{0} and {1}",
        "{a0} next to {a1}",
        "{a0} beside {a1}",
        "{a0} on the left and {a1} on the right",
        "{a1} on the right and {a0} on the left",
        "{a0} and {a1} side by side",
    ),
    "column": (
        "{a0} above {a1}",
        "{a1} below {a0}",
        "{a0} over {a1}",
        "{a1} under {a0}",
        "{0} above {1}",
        "{a0} on top of {a1}",
        "{a0} at the top and {a1} at the bottom",
    ),
    "group": ("{n} {p0}", "{n} {p0}", "{n} {p0}", "a group of {n} {p0}", "{n} small {p0}"),
    "sign": (
        "a sign that says {t}",
        "a sign that says {t}",
        'a sign that says "{t}"',
        "a sign saying {t}",
        "a sign with the word {t}",
        "a sign reading {t}",
        "sign that says {t}",
        "a sign with the text {t}",
    ),
}

NUMBERS: dict[int, tuple[str, ...]] = {2: ("two", "2", "a pair of"), 3: ("three", "3"), 4: ("four", "4")}
CORNERS: dict[tuple[bool, bool], tuple[str, ...]] = {  # (is on the right, is at the bottom)
    (False, False): ("top left", "upper left"),
    (True, False): ("top right", "upper right"),
    (False, True): ("bottom left", "lower left"),
    (True, True): ("bottom right", "lower right"),
}

# {s}: the subject; {c}: the colour; {ac}: the colour with its article. The last row leaves the colour open.
FRAMES: tuple[str, ...] = (
    "{s} on {ac} background",
    "{s} on {ac} background",
    "{s} on {ac} background",
    "{s}, {c} background",
    "{s}, on {ac} background",
    "{s} on {c}",
    "{s} with {ac} background",
    "{s} in front of {ac} background",
    "{s} against {ac} background",
    "{s} on {ac} backdrop",
    "on {ac} background, {s}",
    "{c} background, {s}",
    "{ac} background with {s}",
    "{s}",
)

MEDIA: tuple[str, ...] = ("picture", "image", "drawing", "emoji", "illustration", "photo", "cartoon", "icon")
MEDIUM_SHARE = 0.2
OWN_COLOUR_SHARE = 0.15
"""Share of nouns that a caption gives the colour they have anyway: people ask for a red apple."""
PLAIN_SUBJECTS = {
    "centre": "{a0}",
    "small": "a small {0}",
    "large": "a large {0}",
    "corner": "{a0} in the {w} corner",
    "row": "{a0} to the left of {a1}",
    "column": "{a0} above {a1}",
    "group": "{n} {p0}",
    "sign": "a sign that says {t}",
}


def caption(scene: Scene, rng: random.Random) -> str:
    """One of the many ways to say what the scene shows; ``rng`` picks words and word order."""
    nouns = [_noun(placed.concept, rng) for placed in _named(scene)]
    subject = fill_subject(rng.choice(SUBJECTS[scene.layout]), nouns, **_details(scene, rng.choice))
    if rng.random() < MEDIUM_SHARE:
        subject = f"{with_article(rng.choice(MEDIA))} of {subject}"
    colour = rng.choice(_weighted(BACKGROUNDS[scene.background].words))
    return fill_frame(rng.choice(FRAMES), subject, colour)


def plain_caption(scene: Scene) -> str:
    """The one canonical caption, without synonyms: what evaluation asks for."""
    nouns = [placed.concept for placed in _named(scene)]
    subject = fill_subject(PLAIN_SUBJECTS[scene.layout], nouns, **_details(scene, lambda words: words[0]))
    return fill_frame(FRAMES[0], subject, scene.background)


def _noun(concept: str, rng: random.Random) -> str:
    row = CONCEPTS[concept]
    noun = rng.choice(_weighted(row.words))
    return f"{row.own_colour} {noun}" if rng.random() < OWN_COLOUR_SHARE else noun


def _named(scene: Scene) -> tuple[Placed, ...]:
    """The things a caption names: one of a group, none of a sign."""
    if scene.layout == SIGN:
        return ()
    return scene.objects[:1] if scene.layout == "group" else scene.objects


def _details(scene: Scene, choose: Callable[[Sequence[str]], str]) -> dict[str, str]:
    """What a template may say beside nouns: the corner, the number, the plural, the letters."""
    first = scene.objects[0]
    details = {"w": choose(CORNERS[first.cx > 0.5, first.cy > 0.5]), "t": scene.text.lower()}
    if scene.layout == "group":
        plural = CONCEPTS[first.concept].plural_name
        details |= {"n": choose(NUMBERS[len(scene.objects)]), "p0": plural}
    return details


def fill_subject(template: str, nouns: Sequence[str], **details: str) -> str:
    """Put nouns into a row of ``SUBJECTS``."""
    return template.format(*nouns, **{f"a{i}": with_article(noun) for i, noun in enumerate(nouns)}, **details)


def fill_frame(template: str, subject: str, colour: str) -> str:
    """Put a subject and a colour word into a row of ``FRAMES``."""
    return template.format(s=subject, c=colour, ac=with_article(colour))


def with_article(noun: str) -> str:
    """``a cat``, ``an apple``, ``a unicorn``."""
    vowel = noun[0] in "aeiou" and not noun.startswith(("uni", "use", "eu", "one"))
    return f"{'an' if vowel else 'a'} {noun}"


def all_texts() -> Iterator[str]:
    """Texts that use every noun, colour, relation and frame many times, for training a tokenizer."""
    rows = list(CONCEPTS.values())
    frames = cycle(FRAMES)
    colours = cycle(word for row in BACKGROUNDS.values() for word in row.words)
    media = cycle(f"{with_article(medium)} of " for medium in MEDIA)
    corners = cycle(words for row in CORNERS.values() for words in row)
    numbers = cycle(word for row in NUMBERS.values() for word in row)
    letters = cycle(letter.lower() for letter in LETTERS)
    partners = cycle(word for row in rows[1:] + rows[:1] for word in row.words)
    for row, template in product(rows, (text for texts in SUBJECTS.values() for text in texts)):
        for noun in (*row.words, f"{row.own_colour} {row.name}"):
            details = {"w": next(corners), "n": next(numbers), "t": next(letters), "p0": row.plural_name}
            subject = fill_subject(template, [noun, next(partners)], **details)
            yield fill_frame(next(frames), subject, next(colours))
            yield fill_frame(FRAMES[0], next(media) + subject, next(colours))


def _weighted(words: tuple[str, ...]) -> tuple[str, ...]:
    """The plain word about half of the time, however many synonyms there are."""
    return (words[0],) * max(1, len(words) - 1) + words[1:]


VOCABULARY: tuple[str, ...] = tuple(
    sorted({word for text in all_texts() for word in re.findall(r"[a-z0-9]+", text)})
)
"""Every word the captions use; single letters stand for the letters on signs."""
