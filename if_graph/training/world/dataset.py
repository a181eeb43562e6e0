"""Captioned pictures of the world, rendered once and then read from a memory map."""

import random
from functools import partial
from pathlib import Path

from if_graph.training.world.caption import caption, plain_caption
from if_graph.training.world.render import Drawings, Pixels, render
from if_graph.training.world.scene import Scene
from if_graph.training.world.split import Split, sample_split_scene
from if_graph.training.world.store import stored_lines, stored_pixels, world_version
from if_graph.training.world.svgs import CACHE, load_drawings

WORLD_CACHE = CACHE / "world"


class SceneList:
    """``n`` scenes of a split, each drawn from the seed and its own index alone.

    Args:
        n: number of scenes.
        seed: draws scenes and captions; item ``i`` does not depend on ``n``.
        split: ``"train"``, or ``"held-out"`` for the combinations training never sees.
    """

    def __init__(self, n: int, seed: int, split: Split = "train") -> None:
        self.n, self.seed, self.split = n, seed, split

    def __len__(self) -> int:
        return self.n

    def scene(self, index: int) -> Scene:
        """What item ``index`` shows."""
        return sample_split_scene(random.Random(f"scene {self.seed} {index}"), self.split)

    def sample_caption(self, index: int, rng: random.Random) -> str:
        """Another way to say what item ``index`` shows; a fresh one per epoch teaches the grammar faster."""
        return caption(self.scene(index), rng)

    def caption_row(self, index: int) -> dict[str, str]:
        """The caption kept with item ``index``, and the plain one."""
        scene = self.scene(index)
        rng = random.Random(f"caption {self.seed} {index}")
        return {"caption": caption(scene, rng), "plain": plain_caption(scene)}


class WorldPictures(SceneList):
    """``n`` captioned pictures, kept on disk and rendered when first asked for.

    Args:
        n: number of pictures.
        side: width and height in pixels.
        seed: draws scenes and captions; the same seed shows the same scenes at every ``side``.
        cache_dir: folder for the memory map and the captions.
        split: ``"train"``, or ``"held-out"`` for the combinations training never sees.
        drawings: markup by concept name; Twemoji by default.

    Attributes:
        pixels: uint8 memory map [n, side, side, 3], 0..255.
        captions: one caption per picture.
        plain_captions: the canonical caption of each picture.
    """

    def __init__(
        self,
        n: int,
        side: int,
        seed: int = 0,
        cache_dir: Path = WORLD_CACHE,
        split: Split = "train",
        drawings: Drawings | None = None,
    ) -> None:
        super().__init__(n, seed, split)
        drawings = load_drawings() if drawings is None else drawings
        cache_dir.mkdir(parents=True, exist_ok=True)
        stem = f"{split}-{world_version(drawings)}-s{seed}-n{n}"
        rows = stored_lines(cache_dir / f"{stem}.jsonl", lambda: map(self.caption_row, range(n)))
        self.captions = [row["caption"] for row in rows]
        self.plain_captions = [row["plain"] for row in rows]
        make = partial(self._render, side=side, drawings=drawings)
        self.pixels = stored_pixels(cache_dir / f"{stem}-{side}px.u8", (n, side, side, 3), make)

    def __getitem__(self, index: int) -> tuple[str, Pixels]:
        """Caption and pixels [side, side, 3] of one picture."""
        return self.captions[index], self.pixels[index]

    def _render(self, index: int, side: int, drawings: Drawings) -> Pixels:
        return render(self.scene(index), side, drawings)
