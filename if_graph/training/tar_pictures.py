"""Captioned pictures in tar shards, read by index straight from the shards."""

import io

from PIL import Image, UnidentifiedImageError

from if_graph.errors import InputError
from if_graph.text.clean import clean_caption
from if_graph.training.pictures import CroppedPictures, Framing
from if_graph.training.tar_index import index_of, shards_of


class TarPictures(CroppedPictures):
    """Pictures of webdataset-style shards: ``NAME.jpg`` with its caption in ``NAME.txt``.

    Args:
        pattern: names the shards, such as ``dir/*.tar``.
        framing: how pictures are cropped and resized.

    Raises:
        InputError: if there is no shard, or no captioned picture in them.
    """

    def __init__(self, pattern: str, framing: Framing) -> None:
        super().__init__(framing)
        self.shards = shards_of(pattern)
        self.entries = index_of(self.shards)

    def __len__(self) -> int:
        return len(self.entries)

    def caption(self, index: int) -> str:
        """Return the caption as the engine will clean prompts."""
        entry = self.entries[index]
        text = self._read(index, entry.caption_start, entry.caption_size)
        return clean_caption(text.decode("utf-8", errors="replace"))

    def whole(self, index: int) -> Image.Image:
        """Return the picture before it is cropped."""
        entry = self.entries[index]
        data = io.BytesIO(self._read(index, entry.start, entry.size))
        try:
            with Image.open(data, formats=("PNG", "JPEG", "WEBP", "BMP")) as opened:
                return opened.convert("RGB")
        except (
            UnidentifiedImageError,
            OSError,
            ValueError,
            SyntaxError,
            Image.DecompressionBombError,
        ) as error:
            raise InputError(
                f"{self.shards[entry.shard]}: picture at byte {entry.start} cannot be read ({error}); "
                "leave it out of the shard"
            ) from error

    def _read(self, index: int, start: int, size: int) -> bytes:
        shard = self.shards[self.entries[index].shard]
        try:
            with shard.open("rb") as file:
                file.seek(start)
                return file.read(size)
        except OSError as error:
            raise InputError(f"{shard}: {error}; keep the shards in place while training") from error
