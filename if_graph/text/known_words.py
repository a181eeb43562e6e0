"""A checkpoint's list of the words it was trained on -> which words of a prompt it does not know."""

import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from if_graph.errors import CheckpointError

FILE = "words.json"
BUNDLED = Path(__file__).parents[1] / "bundled" / "nano" / "stage_1"
"""The folder of the checkpoint that comes with the package."""
LONGEST_ON_SIGN = 4
COMMAND = "if-graph nano words"


@dataclass(frozen=True)
class KnownWords:
    """What a small text encoder has been trained on; large ones have no such list.

    Args:
        things: other words for each thing it can paint.
        backgrounds: other words for each background colour.
        words: every word of its captions.
        signs: whether it letters signs with any word of up to ``LONGEST_ON_SIGN`` letters.
    """

    things: dict[str, tuple[str, ...]]
    backgrounds: dict[str, tuple[str, ...]]
    words: frozenset[str]
    signs: bool

    def unknown(self, prompt: str) -> tuple[str, ...]:
        """Return the words of ``prompt`` that no caption had, each once, in order."""
        words = re.findall(r"[^\W_]+", prompt.lower())
        spelled = self.signs and "sign" in words
        strange = (word for word in words if word not in self.words)
        return tuple(
            dict.fromkeys(word for word in strange if not (spelled and len(word) <= LONGEST_ON_SIGN))
        )

    def advice(self, prompt: str) -> tuple[str, ...]:
        """Return a sentence for each unknown word, with the nearest known one."""
        return tuple(self._advice(word) for word in self.unknown(prompt))

    def _advice(self, word: str) -> str:
        near = get_close_matches(word, sorted(word for word in self.words if len(word) > 1), 1)
        hint = f"the nearest known word is '{near[0]}'" if near else f"'{COMMAND}' lists what is known"
        return f"the text encoder has never read '{word}'; {hint}"


def load_known_words(folder: Path) -> KnownWords | None:
    """Read the list beside a checkpoint's text encoder; None where it has none.

    Args:
        folder: of the checkpoint.

    Raises:
        CheckpointError: if the file is no such list.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        things, backgrounds = (_synonyms(fields[name]) for name in ("things", "backgrounds"))
        return KnownWords(things, backgrounds, frozenset(fields["words"]), bool(fields["signs"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path}: got no list of words ({error!r}), expected things, backgrounds, words and signs; "
            "take it from the checkpoint again, or remove it"
        ) from error


def _synonyms(rows: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(others) for name, others in rows.items()}
