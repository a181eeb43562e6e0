"""The Twemoji drawings: fetched once from npm into a cache folder, read as markup that can be nested."""

import base64
import hashlib
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from if_graph.errors import InputError
from if_graph.files import unfinished
from if_graph.training.world.concepts import CONCEPTS

VERSION = "16.0.1"
PACKAGE = f"@discordapp/twemoji@{VERSION}"
INTEGRITY = "figLiBWzjS5cyrAjLaGjM8AAaowO3qvK8rg5bA2dElB4qsaPMvBVlFDMO2d3x+nC1igt7kgWH4dvNmvvUHUF8w=="
"""SHA-512 of the package file, as the npm registry publishes it for this version."""
ATTRIBUTION = (
    "Twemoji graphics: Copyright Twitter, Inc and other contributors, CC-BY-4.0, github.com/discord/twemoji"
)
CACHE = Path.home() / ".cache" / "if-graph"
FOLDER = CACHE / f"twemoji-{VERSION}"
FETCH_COMMAND = 'python -c "from if_graph.training.world.svgs import load_drawings; load_drawings()"'

WORLD: dict[str, str] = {name: row.codepoint for name, row in CONCEPTS.items()}
"""Twemoji file names of the world's concepts."""

_DOCUMENT = re.compile(r"^\s*(?:<\?xml[^>]*>\s*)?<svg\b([^>]*)>(.*)</svg>\s*$", re.DOTALL)
_VIEW_BOX = re.compile(r'viewBox="([-0-9. ]+)"')
_IDS = re.compile(r'(\bid="|url\(#|href="#)')


@dataclass(frozen=True)
class Drawing:
    """What stands inside an ``<svg>`` element, and the ``viewBox`` (x, y, width, height) it is drawn in."""

    markup: str
    view_box: tuple[float, float, float, float]

    @classmethod
    def parse(cls, text: str, name: str) -> "Drawing":
        """Take a document apart; its ids get ``name`` as prefix, so that drawings can share one document.

        Raises:
            InputError: if the text is not an SVG document with a ``viewBox``.
        """
        document = _DOCUMENT.match(text)
        view_box = _VIEW_BOX.search(document[1]) if document else None
        if document is None or view_box is None:
            raise InputError(
                f"drawing '{name}' is not an svg document with a viewBox; fetch the drawings again"
            )
        x, y, width, height = (float(number) for number in view_box[1].split())
        return cls(_IDS.sub(rf"\g<1>{name.replace(' ', '-')}-", document[2]), (x, y, width, height))


@cache
def load_drawings(folder: Path | None = None) -> dict[str, Drawing]:
    """Drawings of all concepts by name; see :func:`drawings_of`."""
    return drawings_of(WORLD, folder)


def drawings_of(codepoints: Mapping[str, str], folder: Path | None = None) -> dict[str, Drawing]:
    """Drawings by name, fetched first if ``folder`` lacks any.

    Args:
        codepoints: Twemoji file names without ``.svg``, by name.
        folder: where the SVG files lie; by default the Twemoji folder of the user's cache.

    Raises:
        InputError: if files are missing and cannot be fetched.
    """
    folder = folder or FOLDER
    if missing := missing_files(codepoints.values(), folder):
        fetch(missing, folder)
    return {
        name: Drawing.parse((folder / f"{code}.svg").read_text("utf-8"), name)
        for name, code in codepoints.items()
    }


def missing_files(codepoints: Iterable[str], folder: Path = FOLDER) -> list[str]:
    """Codepoints whose SVG file is not in ``folder``."""
    return [code for code in codepoints if not (folder / f"{code}.svg").is_file()]


def fetch(codepoints: Iterable[str], folder: Path) -> None:
    """Put the SVG files of ``codepoints`` into ``folder``, out of the pinned npm package.

    Raises:
        InputError: if npm is absent or fails, or if the package is not the pinned one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temp:
        package = _download(Path(temp))
        with tarfile.open(package) as archive:
            for codepoint in codepoints:
                _extract(archive, codepoint, folder)


def _download(folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(
            f"npm is needed to fetch {PACKAGE}; install Node.js, or put its svg files into {FOLDER}"
        )
    result = subprocess.run([npm, "pack", PACKAGE], cwd=folder, capture_output=True, text=True, check=False)
    package = next(folder.glob("*.tgz"), None)
    if result.returncode or package is None:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"npm could not fetch {PACKAGE} ({reason}); check the connection and run this again")
    if base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode() != INTEGRITY:
        raise InputError(
            f"the file npm fetched for {PACKAGE} is not the pinned one; check the registry npm uses"
        )
    return package


def _extract(archive: tarfile.TarFile, codepoint: str, folder: Path) -> None:
    """Copy one file by its exact name; the target's name never comes from the archive."""
    try:
        source = archive.extractfile(f"package/dist/svg/{codepoint}.svg")
    except KeyError:
        source = None
    if source is None:
        raise InputError(f"{PACKAGE} holds no drawing {codepoint}; correct its row in concepts.py")
    with unfinished(folder / f"{codepoint}.svg") as part:
        part.write_bytes(source.read())
