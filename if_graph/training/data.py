"""A recipe's data field becomes pictures to train on."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from if_graph.errors import InputError
from if_graph.training.pictures import Chosen, FolderPictures, Framing, MemoryPictures, Pictures
from if_graph.training.recipe import Recipe
from if_graph.training.tar_pictures import TarPictures
from if_graph.training.world.scene import LAYOUTS

if TYPE_CHECKING:
    from if_graph.training.world.dataset import WorldPictures


def load_pictures(recipe: Recipe) -> Pictures:
    """Open the recipe's data; the nano world's is rendered first where it is not on disk yet.

    Raises:
        InputError: if its kind is unknown, a field is missing, or it has no pictures.
    """
    kind = recipe.data.get("kind")
    if kind not in KINDS:
        raise InputError(f"recipe: data kind is {kind!r}, expected one of {', '.join(KINDS)}")
    return KINDS[kind](recipe)


def _folder(recipe: Recipe) -> Pictures:
    return FolderPictures(Path(_field(recipe.data, "folder", str)), _framing(recipe))


def _tar(recipe: Recipe) -> Pictures:
    return TarPictures(_field(recipe.data, "shards", str), _framing(recipe))


def _framing(recipe: Recipe) -> Framing:
    return Framing(recipe.side, recipe.low_side, recipe.max_shift, recipe.seed)


def _world(recipe: Recipe) -> Pictures:
    from if_graph.training.world.crops import SCALE, CropPairs  # needs the [train] extra
    from if_graph.training.world.dataset import WorldPictures

    count = _field(recipe.data, "count", int)
    if recipe.low_side is None:
        world = WorldPictures(count, recipe.side, recipe.seed)
        return of_layouts(world, recipe.data.get("layouts"))
    if recipe.side != SCALE * recipe.low_side:
        raise InputError(
            f"recipe: low_side is {recipe.low_side}, expected {recipe.side // SCALE}: a quarter of the side"
        )
    return _crops(CropPairs(count, _field(recipe.data, "whole", int), recipe.side, recipe.seed))


def of_layouts(world: "WorldPictures", layouts: Sequence[str] | None) -> Pictures:
    """Keep the pictures of some layouts, or all: what a thing looks like is learnt sooner from it alone.

    A layout that is named twice is shown twice as often, so that rare ones are not neglected.

    Raises:
        InputError: if a layout is none of the world's, or no picture has one.
    """
    pictures = MemoryPictures(world.pixels, world.captions, plain=world.plain_captions)
    if layouts is None:
        return pictures
    is_known = isinstance(layouts, list) and set(layouts) <= set(LAYOUTS)
    times = Counter(layouts) if is_known else Counter()
    rows = [index for index in range(len(world)) for _ in range(times[world.scene(index).layout])]
    if not rows:
        raise InputError(
            f"recipe: data field 'layouts' is {layouts!r}, expected a list out of {', '.join(LAYOUTS)}"
        )
    return Chosen(pictures, rows)


def _crops(pairs: Any) -> Pictures:
    from if_graph.training.super_res import CropPictures

    return CropPictures(pairs.high, pairs.around, pairs.corners, pairs.captions, pairs.side)


def _field(data: Mapping[str, Any], name: str, kind: type) -> Any:
    value = data.get(name)
    if not isinstance(value, kind):
        raise InputError(f"recipe: data field '{name}' is {value!r}, expected {_NAMES[kind]}")
    return value


_NAMES = {int: "a whole number", str: "a text"}

KINDS: dict[str, Callable[[Recipe], Pictures]] = {"folder": _folder, "tar": _tar, "world": _world}
"""Where pictures can come from; the key is the recipe's ``data.kind``."""


def texts_of(recipe: Recipe, pictures: Pictures) -> Iterator[str]:
    """Yield texts to learn a tokenizer from: the captions, or for the nano world its whole grammar."""
    if recipe.data["kind"] == "world":
        from if_graph.training.world.caption import all_texts

        yield from all_texts()
        return
    for index in range(len(pictures)):
        yield from pictures.batch([index]).captions


def words_of(recipe: Recipe) -> tuple[str, ...]:
    """Words that a tokenizer keeps whole: those of the nano world's grammar."""
    if recipe.data["kind"] != "world":
        return ()
    from if_graph.training.world.caption import VOCABULARY

    return tuple(word for word in VOCABULARY if len(word) > 1)
