"""The world's tables -> the list of words that a checkpoint trained on it knows."""

from typing import Any

from if_graph.training.world.caption import VOCABULARY
from if_graph.training.world.colours import BACKGROUNDS
from if_graph.training.world.concepts import CONCEPTS
from if_graph.training.world.scene import LAYOUTS
from if_graph.training.world.signs import SIGN


def world_words() -> dict[str, Any]:
    """Fields of the list, as :func:`if_graph.text.known_words.load_known_words` reads them."""
    return {
        "things": {name: list(row.synonyms) for name, row in CONCEPTS.items()},
        "backgrounds": {name: list(row.synonyms) for name, row in BACKGROUNDS.items()},
        "words": list(VOCABULARY),
        "signs": SIGN in LAYOUTS,
    }
