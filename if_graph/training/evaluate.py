"""How well a cascade grants wishes it was never trained on, as the judge sees it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from if_graph.training.judge import Judge, Seen, wished
from if_graph.training.world.render import Pixels
from if_graph.training.world.scene import Scene

QUESTIONS: dict[str, tuple[str, ...]] = {
    "single": ("centre", "small", "large", "corner"),
    "pair": ("row", "column"),
    "size": ("small", "large"),
    "corner": ("corner",),
    "group": ("group",),
    "sign": ("sign",),
}
"""What is asked beside the background, and of which layouts."""

WORDS = {
    "background": "background",
    "single": "object",
    "pair": "both objects",
    "size": "size",
    "corner": "corner",
    "group": "group",
    "sign": "sign text",
}


@dataclass(frozen=True)
class Tally:
    """Shares of pictures that were right, each 0..1; None where no picture could show it.

    Args:
        pictures: how many were judged.
        background: right background colour.
        single: the right thing, of the pictures of one thing.
        pair: both things right and in order, of the pictures of two.
        size: the right thing, small or large as wished.
        corner: the right thing in the right corner.
        group: as many as wished, each of them right.
        sign: exactly the right letters.
    """

    pictures: int
    background: float | None
    single: float | None
    pair: float | None
    size: float | None = None
    corner: float | None = None
    group: float | None = None
    sign: float | None = None

    def __str__(self) -> str:
        shares = [
            f"{word} {value:.1%}" for name, word in WORDS.items() if (value := asdict(self)[name]) is not None
        ]
        return f"{self.pictures} pictures: {', '.join(shares)} right"


def judge_all(pictures: Iterable[Pixels], scenes: Iterable[Scene], judge: Judge | None = None) -> list[Seen]:
    """Say what each picture shows, looking where its scene has things."""
    judge = judge or Judge()
    return [judge.see(pixels, scene.layout) for pixels, scene in zip(pictures, scenes, strict=True)]


def tally(seen: Iterable[Seen], scenes: Iterable[Scene]) -> Tally:
    """Compare what was seen with what was wished for."""
    rows = list(zip(seen, scenes, strict=True))
    grounds = _share([found.background == scene.background for found, scene in rows])
    shares = {
        question: _share([_is_answered(question, *row) for row in rows if row[1].layout in layouts])
        for question, layouts in QUESTIONS.items()
    }
    return Tally(len(rows), grounds, **shares)


def _is_answered(question: str, found: Seen, scene: Scene) -> bool:
    wanted = wished(scene)
    if question == "single":
        return found.objects == wanted.objects
    return (found.objects, found.detail) == (wanted.objects, wanted.detail)


def _share(hits: list[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None
