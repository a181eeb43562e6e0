"""Verdicts on painted wishes, kept line by line in a folder, so that a stopped evaluation goes on."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from if_graph.errors import InputError
from if_graph.files import unfinished
from if_graph.training.judge import Seen
from if_graph.training.world.render import Pixels

CELL = 128  # side of the pictures kept for a sheet


class Verdicts:
    """What the judge said, wish by wish.

    Args:
        folder: where lines and small pictures are kept; None keeps them in memory only.
        settings: what decides the pictures; a folder that was begun with others is refused.

    Attributes:
        rows: for each judged wish, what was seen at every stage.
        pictures: the last stage's picture of each, at most ``CELL`` px high.

    Raises:
        InputError: if the folder belongs to another evaluation or cannot be used.
    """

    def __init__(self, folder: Path | None, settings: dict[str, Any]) -> None:
        self.folder = folder
        self.rows: list[dict[str, Seen]] = []
        self.pictures: list[Image.Image] = []
        if folder is not None:
            self._begin(folder, settings)

    def add(self, row: dict[str, Seen], pixels: Pixels) -> None:
        """Keep the next wish's verdicts; once its line is written, it is never painted again."""
        picture = Image.fromarray(pixels)
        picture.thumbnail((CELL, CELL), Image.Resampling.BOX)
        if self.folder is not None:
            with unfinished(self._picture(len(self.rows))) as part:
                picture.save(part, format="PNG")
            with (self.folder / "verdicts.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps({stage: asdict(seen) for stage, seen in row.items()}) + "\n")
        self.rows.append(row)
        self.pictures.append(picture)

    def _begin(self, folder: Path, settings: dict[str, Any]) -> None:
        text = json.dumps(settings, sort_keys=True, indent=2) + "\n"
        known = folder / "settings.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not known.exists():
                with unfinished(known) as part:
                    part.write_text(text, encoding="utf-8")
            elif known.read_text(encoding="utf-8") != text:
                raise InputError(
                    f"--out: {folder} holds an evaluation with other settings; choose another folder"
                )
            self._read(folder / "verdicts.jsonl")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"--out: {folder} cannot be used ({error}); choose another folder") from error

    def _read(self, path: Path) -> None:
        """Take up whole lines; what a kill left of the last one is cut off."""
        if not path.exists():
            return
        whole = path.read_bytes()
        whole = whole[: whole.rfind(b"\n") + 1]
        for line in whole.decode("utf-8").splitlines():
            self.rows.append({stage: _seen(fields) for stage, fields in json.loads(line).items()})
            with Image.open(self._picture(len(self.rows) - 1)) as picture:
                self.pictures.append(picture.convert("RGB"))
        with unfinished(path) as part:
            part.write_bytes(whole)

    def _picture(self, index: int) -> Path:
        return (self.folder or Path()) / f"{index:05d}.png"


def _seen(fields: dict[str, Any]) -> Seen:
    return Seen(fields["background"], tuple(fields["objects"]), fields["detail"])
