"""The things the nano world knows, one row each: names, a Twemoji drawing, its main fills, its own colour."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Concept:
    """One drawable thing.

    Args:
        name: the word used in plain captions.
        codepoint: Twemoji file name without ``.svg``.
        fills: hex colours that each cover a large part of the drawing; a background too close to any of them
            would swallow that part.
        own_colour: adjective a caption may put before the noun: the drawing has that colour anyway.
        synonyms: further words a caption may use.
        plural: where it is not the noun with an s.
    """

    name: str
    codepoint: str
    fills: tuple[str, ...]
    own_colour: str
    synonyms: tuple[str, ...] = ()
    plural: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """Every word for it, the plain one first."""
        return (self.name, *self.synonyms)

    @property
    def plural_name(self) -> str:
        """The plain word for several of it."""
        return self.plural or f"{self.name}s"


_ANIMALS = (
    Concept("cat", "1f431", ("ffcc4d",), "yellow", ("kitten", "kitty", "cat face")),
    Concept("dog", "1f436", ("d99e82", "662113"), "brown", ("puppy", "dog face")),
    Concept("pig", "1f437", ("f4abba",), "pink", ("piglet", "pig face")),
    Concept("frog", "1f438", ("77b255",), "green", ("toad",)),
    Concept("panda", "1f43c", ("eeeeee", "272b2b"), "white", ("panda bear",)),
    Concept("lion", "1f981", ("662113", "ffcc4d"), "brown", ("lion face",)),
    Concept("penguin", "1f427", ("f5f8fa", "292f33"), "black"),
    Concept("chick", "1f424", ("ffcc4d",), "yellow", ("baby chick", "chicken")),
    Concept("owl", "1f989", ("c1694f", "662113"), "brown"),
    Concept("fish", "1f41f", ("55acee",), "blue", plural="fish"),
    Concept("whale", "1f433", ("3b88c3",), "blue"),
    Concept("octopus", "1f419", ("9266cc",), "purple", plural="octopuses"),
    Concept("crab", "1f980", ("be1931", "a0041e"), "red"),
    Concept("butterfly", "1f98b", ("55acee", "292f33"), "blue", plural="butterflies"),
    Concept("ladybug", "1f41e", ("dd2e44", "31373d"), "red", ("ladybird", "beetle")),
    Concept("bee", "1f41d", ("31373d", "ffcc4d"), "yellow", ("honeybee", "bumblebee")),
    Concept("snail", "1f40c", ("ffac33", "aa8dd8"), "purple"),
    Concept("turtle", "1f422", ("5c913b", "3e721d", "77b255"), "green", ("tortoise",)),
)
_FOOD = (
    Concept("apple", "1f34e", ("dd2e44",), "red"),
    Concept("banana", "1f34c", ("ffe8b6", "ffcc4d"), "yellow"),
    Concept("carrot", "1f955", ("f4900c",), "orange"),
    Concept("mushroom", "1f344", ("dd2e44", "99aab5"), "red", ("toadstool",)),
    Concept("pizza", "1f355", ("ffcc4d", "be1931"), "yellow", ("slice of pizza", "pizza slice")),
    Concept("cherry", "1f352", ("be1931",), "red", plural="cherries"),
    Concept("strawberry", "1f353", ("be1931",), "red", plural="strawberries"),
    Concept("grape", "1f347", ("9266cc", "744eaa"), "purple", ("bunch of grapes",)),
    Concept("watermelon", "1f349", ("dd2e44", "5c913b"), "red", ("melon",)),
    Concept("lemon", "1f34b", ("ffcc4d",), "yellow"),
    Concept("pineapple", "1f34d", ("ffcc4d", "5c913b"), "yellow"),
    Concept("donut", "1f369", ("8a4b38", "ffac33"), "brown", ("doughnut",)),
    Concept("ice cream", "1f366", ("ffe8b6", "ffcc4d"), "yellow", ("ice cream cone",)),
    Concept("hamburger", "1f354", ("d99e82",), "brown", ("burger",)),
    Concept("cake", "1f382", ("ea596e", "f4abba"), "pink", ("birthday cake",)),
)
_VEHICLES = (
    Concept("car", "1f697", ("dd2e44",), "red", ("automobile",)),
    Concept("tractor", "1f69c", ("292f33", "77b255"), "green"),
    Concept("bicycle", "1f6b2", ("292f33", "dd2e44"), "red", ("bike",)),
    Concept("airplane", "2708", ("55acee", "ccd6dd"), "blue", ("plane", "aeroplane")),
    Concept("rocket", "1f680", ("55acee", "a0041e"), "blue", ("spaceship", "rocket ship")),
    Concept("sailboat", "26f5", ("55acee", "f4900c"), "orange", ("boat", "sailing boat")),
    Concept("helicopter", "1f681", ("ffcc4d", "3b88c3"), "yellow"),
)
_THINGS = (
    Concept("umbrella", "2602", ("744eaa", "9266cc"), "purple"),
    Concept("ball", "26bd", ("31373d", "f5f8fa"), "white", ("soccer ball", "football")),
    Concept("house", "1f3e0", ("ffe8b6",), "yellow", ("cottage",)),
    Concept("book", "1f4d5", ("dd2e44", "a0041e"), "red"),
    Concept("guitar", "1f3b8", ("bb1a34",), "red", ("electric guitar",)),
    Concept("balloon", "1f388", ("bb1a34",), "red"),
    Concept("gift", "1f381", ("fdd888", "da2f47"), "yellow", ("present", "gift box")),
    Concept("bell", "1f514", ("ffac33",), "orange"),
    Concept("crown", "1f451", ("ffcc4d",), "golden"),
    Concept("bomb", "1f4a3", ("31373d",), "black"),
    Concept("hat", "1f3a9", ("31373d",), "black", ("top hat",)),
    Concept("cigarette", "1f6ac", ("e1e8ed", "d99e82", "66757f"), "white"),
)
_NATURE = (
    Concept("star", "2b50", ("ffac33",), "orange"),
    Concept("heart", "2764", ("dd2e44",), "red"),
    Concept("sun", "2600", ("ffac33",), "orange"),
    Concept("moon", "1f319", ("ffd983",), "yellow", ("crescent moon",)),
    Concept("cloud", "2601", ("e1e8ed",), "white"),
    Concept("rainbow", "1f308", ("eb2027", "f19020", "ffcb4c"), "colourful"),
    Concept("snowman", "26c4", ("e1e8ed",), "white", plural="snowmen"),
    Concept("tree", "1f333", ("5c913b",), "green"),
    Concept("cactus", "1f335", ("77b255",), "green", plural="cactuses"),
    Concept("sunflower", "1f33b", ("ffac33", "3e721d"), "orange", ("flower",)),
    Concept("tulip", "1f337", ("f4abba", "77b255"), "pink"),
    Concept("fire", "1f525", ("f4900c",), "orange", ("flame",)),
)
_FACES = (
    Concept("smiley", "1f600", ("ffcc4d",), "yellow", ("smiley face", "happy face", "smiling face")),
    Concept("ghost", "1f47b", ("e1e8ed",), "white"),
    Concept("robot", "1f916", ("55acee",), "blue", ("robot face",)),
)

CONCEPTS: dict[str, Concept] = {
    row.name: row for row in (*_ANIMALS, *_FOOD, *_VEHICLES, *_THINGS, *_NATURE, *_FACES)
}
