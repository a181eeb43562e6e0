"""Captioned pictures of the world, rendered once and then read from a memory map."""

import random
from pathlib import Path

from if_graph.training.world.caption import caption, plain_caption
from if_graph.training.world.render import Drawings, Pixels, render
from if_graph.training.world.scene import Scene
from if_graph.training.world.split import Split, sample_split_scene
from if_graph.training.world.store import stored_items, stored_lines, world_version
from if_graph.training.world.svgs import CACHE, load_drawings

WORLD_CACHE = CACHE / "world"


class CaptionedScenes:
    """``n`` scenes of a split with their captions; item ``i`` follows from the seed and ``i`` alone.

    Args:
        n: number of scenes.
        seed: draws scenes and captions.
        cache_dir: folder for the captions.
        split: ``"train"``, or ``"held-out"`` for the combinations training never sees.
        drawings: markup by concept name; Twemoji by default.

    Attributes:
        captions: one caption per scene.
        plain_captions: the canonical caption of each scene.
    """

    def __init__(
        self,
        n: int,
        seed: int = 0,
        cache_dir: Path = WORLD_CACHE,
        split: Split = "train",
        drawings: Drawings | None = None,
    ) -> None:
        self.n, self.seed, self.split = n, seed, split
        self.drawings = load_drawings() if drawings is None else drawings
        cache_dir.mkdir(parents=True, exist_ok=True)
        self._stem = cache_dir / f"{split}-{world_version(self.drawings)}-s{seed}-n{n}"
        rows = stored_lines(self._path(".jsonl"), lambda: map(self._caption_row, range(n)))
        self.captions = [row["caption"] for row in rows]
        self.plain_captions = [row["plain"] for row in rows]

    def __len__(self) -> int:
        return self.n

    def scene(self, index: int) -> Scene:
        """What item ``index`` shows."""
        return sample_split_scene(random.Random(f"scene {self.seed} {index}"), self.split)

    def sample_caption(self, index: int, rng: random.Random) -> str:
        """Another way to say what item ``index`` shows; a fresh one per epoch teaches the grammar faster."""
        return caption(self.scene(index), rng)

    def _caption_row(self, index: int) -> dict[str, str]:
        scene = self.scene(index)
        rng = random.Random(f"caption {self.seed} {index}")
        return {"caption": caption(scene, rng), "plain": plain_caption(scene)}

    def _path(self, ending: str) -> Path:
        return self._stem.with_name(self._stem.name + ending)


class WorldPictures(CaptionedScenes):
    """Whole pictures of ``CaptionedScenes``, kept on disk and rendered when first asked for.

    Args:
        n: number of pictures.
        side: width and height in pixels; the same seed shows the same scenes at every size.
        seed: draws scenes and captions.
        cache_dir: folder for the memory map and the captions.
        split: ``"train"``, or ``"held-out"`` for the combinations training never sees.
        drawings: markup by concept name; Twemoji by default.

    Attributes:
        pixels: uint8 memory map [n, side, side, 3], 0..255.
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
        super().__init__(n, seed, cache_dir, split, drawings)
        self.side = side
        items = stored_items(self._path(f"-{side}px.u8"), n, {"picture": (side, side, 3)}, self._render)
        self.pixels: Pixels = items["picture"]

    def __getitem__(self, index: int) -> tuple[str, Pixels]:
        """Caption and pixels [side, side, 3] of one picture."""
        return self.captions[index], self.pixels[index]

    def _render(self, index: int) -> tuple[Pixels]:
        return (render(self.scene(index), self.side, self.drawings),)
