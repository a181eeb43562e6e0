"""How well a cascade grants wishes it was never trained on, as the judge sees it."""

from collections.abc import Iterable
from dataclasses import dataclass

from if_graph.training.judge import Judge, Seen, objects_of
from if_graph.training.world.render import Pixels
from if_graph.training.world.scene import Scene


@dataclass(frozen=True)
class Tally:
    """Shares of pictures that were right, each 0..1; None where no picture could show it.

    Args:
        pictures: how many were judged.
        background: right background colour.
        single: the right thing, of the pictures of one thing.
        pair: both things right and in order, of the pictures of two.
    """

    pictures: int
    background: float | None
    single: float | None
    pair: float | None

    def __str__(self) -> str:
        words = [("background", self.background), ("object", self.single), ("both objects", self.pair)]
        shares = ", ".join(f"{name} {value:.1%}" for name, value in words if value is not None)
        return f"{self.pictures} pictures: {shares} right"


def judge_all(pictures: Iterable[Pixels], scenes: Iterable[Scene], judge: Judge | None = None) -> list[Seen]:
    """Say what each picture shows, looking where its scene has things."""
    judge = judge or Judge()
    return [judge.see(pixels, scene.layout) for pixels, scene in zip(pictures, scenes, strict=True)]


def tally(seen: Iterable[Seen], scenes: Iterable[Scene]) -> Tally:
    """Compare what was seen with what was wished for."""
    rows = list(zip(seen, scenes, strict=True))
    grounds = [found.background == scene.background for found, scene in rows]
    things = {True: list[bool](), False: list[bool]()}
    for found, scene in rows:
        things[scene.layout == "centre"].append(found.objects == objects_of(scene))
    return Tally(len(rows), _share(grounds), _share(things[True]), _share(things[False]))


def _share(hits: list[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None
