"""Texts of nodes in other languages: the package's own, and those that packs bring in ``locales/``."""

import json
import sys
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

OWN = "if_graph_locales"
MAIN = "main"  # its keys stand beside the other files' names
FILES = (MAIN, "nodeDefs", "commands", "settings")

Texts = dict[str, Any]


def translations(packs: Iterable[Path]) -> Texts:
    """Return what the editor asks for at ``/i18n``: by language, texts by kind and then by name.

    A pack's folder is laid out as ComfyUI wants it, ``locales/LANGUAGE/nodeDefs.json`` and so on. Of two
    packs that translate one text, the later is taken; a file that is no JSON object is said and left out.
    """
    found: Texts = {}
    for folder in (Path(str(resources.files(OWN))), *(pack / "locales" for pack in packs)):
        for file in sorted(folder.glob("*/*.json")):
            if file.stem in FILES:
                texts = _read(file)
                added = texts if file.stem == MAIN else {file.stem: texts}
                _merge(found.setdefault(file.parent.name, {}), added)
    return found


def _read(file: Path) -> Texts:
    try:
        texts = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        texts = str(error)
    if not isinstance(texts, dict):
        sys.stderr.write(f"if-graph: {file} holds no JSON object ({texts}), so its texts are left out\n")
        return {}
    return texts


def _merge(texts: Texts, added: Texts) -> None:
    for key, value in added.items():
        if isinstance(value, dict) and isinstance(texts.get(key), dict):
            _merge(texts[key], value)
        else:
            texts[key] = value
