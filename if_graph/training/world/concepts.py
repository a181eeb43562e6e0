"""The things the nano world knows, one row each: names, a Twemoji drawing, its main fills."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Concept:
    """One drawable thing.

    Args:
        name: the word used in plain captions.
        codepoint: Twemoji file name without ``.svg``.
        fills: hex colours that each cover a large part of the drawing; a background too close to any of them
            would swallow that part.
        synonyms: further words a caption may use.
    """

    name: str
    codepoint: str
    fills: tuple[str, ...]
    synonyms: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Every word for it, the plain one first."""
        return (self.name, *self.synonyms)


_ROWS = (
    Concept("cat", "1f431", ("ffcc4d",), ("kitten", "kitty", "cat face")),
    Concept("dog", "1f436", ("d99e82", "662113"), ("puppy", "dog face")),
    Concept("pig", "1f437", ("f4abba",), ("piglet", "pig face")),
    Concept("frog", "1f438", ("77b255",), ("toad",)),
    Concept("penguin", "1f427", ("f5f8fa", "292f33")),
    Concept("fish", "1f41f", ("55acee",)),
    Concept("butterfly", "1f98b", ("55acee", "292f33")),
    Concept("ladybug", "1f41e", ("dd2e44", "31373d"), ("ladybird", "beetle")),
    Concept("octopus", "1f419", ("9266cc",)),
    Concept("apple", "1f34e", ("dd2e44",)),
    Concept("banana", "1f34c", ("ffe8b6", "ffcc4d")),
    Concept("carrot", "1f955", ("f4900c",)),
    Concept("mushroom", "1f344", ("dd2e44", "99aab5"), ("toadstool",)),
    Concept("cactus", "1f335", ("77b255",)),
    Concept("sunflower", "1f33b", ("ffac33", "3e721d"), ("flower",)),
    Concept("car", "1f697", ("dd2e44",), ("automobile",)),
    Concept("rocket", "1f680", ("55acee", "a0041e"), ("spaceship", "rocket ship")),
    Concept("sailboat", "26f5", ("55acee", "f4900c"), ("boat", "sailing boat")),
    Concept("umbrella", "2602", ("744eaa", "9266cc")),
    Concept("star", "2b50", ("ffac33",)),
    Concept("heart", "2764", ("dd2e44",)),
    Concept("house", "1f3e0", ("ffe8b6",), ("cottage",)),
    Concept("ball", "26bd", ("31373d", "f5f8fa"), ("soccer ball", "football")),
    Concept("pizza", "1f355", ("ffcc4d", "be1931"), ("slice of pizza", "pizza slice")),
)

CONCEPTS: dict[str, Concept] = {row.name: row for row in _ROWS}
