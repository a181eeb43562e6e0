"""Captions of a scene: a small grammar of word orders, synonyms and relations, all lower case."""

import random
from collections.abc import Iterator
from itertools import cycle, product

from if_graph.training.world.colours import BACKGROUNDS
from if_graph.training.world.concepts import CONCEPTS
from if_graph.training.world.scene import Scene

# {0}, {1}: nouns in reading order; {a0}, {a1}: the same with their article.
SUBJECTS: dict[str, tuple[str, ...]] = {
    "centre": ("{a0}", "{a0}", "{a0}", "{0}", "one {0}", "the {0}"),
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
MEDIUM_SHARE = 0.25
PLAIN_SUBJECTS = {"centre": "{a0}", "row": "{a0} to the left of {a1}", "column": "{a0} above {a1}"}


def caption(scene: Scene, rng: random.Random) -> str:
    """One of the many ways to say what the scene shows; ``rng`` picks words and word order."""
    nouns = [rng.choice(_weighted(CONCEPTS[placed.concept].words)) for placed in scene.objects]
    subject = fill_subject(rng.choice(SUBJECTS[scene.layout]), nouns)
    if rng.random() < MEDIUM_SHARE:
        subject = f"{with_article(rng.choice(MEDIA))} of {subject}"
    colour = rng.choice(_weighted(BACKGROUNDS[scene.background].words))
    return fill_frame(rng.choice(FRAMES), subject, colour)


def plain_caption(scene: Scene) -> str:
    """The one canonical caption, without synonyms: what evaluation asks for."""
    subject = fill_subject(PLAIN_SUBJECTS[scene.layout], [placed.concept for placed in scene.objects])
    return fill_frame(FRAMES[0], subject, scene.background)


def fill_subject(template: str, nouns: list[str]) -> str:
    """Put nouns into a row of ``SUBJECTS``."""
    return template.format(*nouns, **{f"a{i}": with_article(noun) for i, noun in enumerate(nouns)})


def fill_frame(template: str, subject: str, colour: str) -> str:
    """Put a subject and a colour word into a row of ``FRAMES``."""
    return template.format(s=subject, c=colour, ac=with_article(colour))


def with_article(noun: str) -> str:
    """``a cat``, ``an apple``, ``a unicorn``."""
    vowel = noun[0] in "aeiou" and not noun.startswith(("uni", "use", "eu", "one"))
    return f"{'an' if vowel else 'a'} {noun}"


def all_texts() -> Iterator[str]:
    """Texts that use every noun, colour, relation and frame many times, for training a tokenizer."""
    nouns = [word for row in CONCEPTS.values() for word in row.words]
    colours = cycle(word for row in BACKGROUNDS.values() for word in row.words)
    media = cycle(f"{with_article(medium)} of " for medium in MEDIA)
    subjects = [template for rows in SUBJECTS.values() for template in rows]
    partners = cycle(nouns[1:] + nouns[:1])
    for noun, template in product(nouns, subjects):
        subject = fill_subject(template, [noun, next(partners)])
        yield from (fill_frame(frame, subject, next(colours)) for frame in FRAMES)
        yield fill_frame(FRAMES[0], next(media) + subject, next(colours))


def _weighted(words: tuple[str, ...]) -> tuple[str, ...]:
    """The plain word about half of the time, however many synonyms there are."""
    return (words[0],) * max(1, len(words) - 1) + words[1:]


VOCABULARY: tuple[str, ...] = tuple(
    sorted({word for text in all_texts() for word in text.replace(",", " ").split()})
)
