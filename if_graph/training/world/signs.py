"""Signs with up to four letters, drawn from strokes of our own, so that no font is needed."""

import hashlib
import random

SIGN = "sign"
"""The layout, and the one thing in it, that shows letters."""
LONGEST = 4
RANDOM_SHARE = 0.5
"""Share of words that are any letters; the rest come from ``WORDS``."""
HELD_OUT_SHARE = 0.1

WORDS = tuple(
    """
hi yes no go stop open shut hello bye love hope fun cool nice wow ok okay sale free new old big hot cold
wet dry up down left in out on off art cafe bar food tea milk cake shop bus taxi zoo park home exit push
pull menu cat dog pig owl bee fox cow sun moon star sky sea rain snow fire tree rose joy luck peace war
play win lose run walk jump swim read sing job work rest nap bed tent camp bank post gate road east west
hill lake king queen jazz rock pop quiz vote help info kids mom dad baby best top one two ten zero cash
pay buy sell rent deal gift ice hut inn spa gym pub bay cup jar box bag key map
""".split()  # noqa: SIM905
)

# Strokes on a grid of 4 x 6 units, y downwards, as SVG path data.
LETTERS: dict[str, str] = {
    "A": "M0 6L2 0L4 6M.8 4H3.2",
    "B": "M0 3H3L4 4V5L3 6H0V0H3L4 1V2L3 3",
    "C": "M4 1L3 0H1L0 1V5L1 6H3L4 5",
    "D": "M0 0V6H2.6L4 4.6V1.4L2.6 0Z",
    "E": "M4 0H0V6H4M0 3H3",
    "F": "M4 0H0V6M0 3H3",
    "G": "M4 1L3 0H1L0 1V5L1 6H3L4 5V3H2.4",
    "H": "M0 0V6M4 0V6M0 3H4",
    "I": "M2 0V6M.8 0H3.2M.8 6H3.2",
    "J": "M4 0V5L3 6H1L0 5",
    "K": "M0 0V6M4 0L0 3.4M1.4 2.4L4 6",
    "L": "M0 0V6H4",
    "M": "M0 6V0L2 3L4 0V6",
    "N": "M0 6V0L4 6V0",
    "O": "M1 0H3L4 1V5L3 6H1L0 5V1Z",
    "P": "M0 6V0H3L4 1V2.4L3 3.4H0",
    "Q": "M1 0H3L4 1V5L3 6H1L0 5V1ZM2.4 4.2L4.2 6.4",
    "R": "M0 6V0H3L4 1V2.4L3 3.4H0M2 3.4L4 6",
    "S": "M4 1L3 0H1L0 1V2L1 3H3L4 4V5L3 6H1L0 5",
    "T": "M0 0H4M2 0V6",
    "U": "M0 0V5L1 6H3L4 5V0",
    "V": "M0 0L2 6L4 0",
    "W": "M0 0L.9 6L2 2.4L3.1 6L4 0",
    "X": "M0 0L4 6M4 0L0 6",
    "Y": "M0 0L2 3L4 0M2 3V6",
    "Z": "M0 0H4L0 6H4",
}
VIEW_BOX = (0.0, 0.0, 36.0, 36.0)
BOARD = (1.0, 5.0, 34.0, 17.0)  # x, y, width, height of the board in the view box
CELL = 7.9  # from one letter to the next
SCALE = (1.35, 1.75)  # units of the view box to a unit of a letter's grid


def sample_word(rng: random.Random) -> str:
    """Draw one to four upper-case letters, a word or any."""
    short = [word.upper() for word in WORDS if len(word) <= LONGEST]
    if rng.random() >= RANDOM_SHARE:
        return rng.choice(short)
    return "".join(rng.choices(list(LETTERS), k=rng.choice((1, 2, 2, 3, 3, 3, 4, 4, 4))))


def is_held_out_word(word: str) -> bool:
    """Whether training never shows a sign with that word; single letters are always shown."""
    digest = hashlib.sha256(f"sign {word}".encode()).digest()
    return len(word) > 1 and int.from_bytes(digest[:4], "big") < HELD_OUT_SHARE * 2**32


def sign_markup(text: str) -> str:
    """A board on a post, with the letters on it, as SVG in ``VIEW_BOX``.

    Args:
        text: up to ``LONGEST`` letters A to Z.
    """
    x, y, width, height = BOARD
    post = '<rect x="16" y="20" width="4" height="15" fill="#c1694f"/>'
    board = (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="2" fill="#fff8e1" '
        'stroke="#662113" stroke-width="1.6"/>'
    )
    left = x + width / 2 - CELL * len(text) / 2
    letters = "".join(_letter(letter, left + CELL * i, y, height) for i, letter in enumerate(text))
    return f"{post}{board}{letters}"


def _letter(letter: str, left: float, top: float, height: float) -> str:
    wide, high = SCALE
    x, y = left + (CELL - 4 * wide) / 2, top + (height - 6 * high) / 2
    return (
        f'<path transform="translate({x:.3f} {y:.3f}) scale({wide} {high})" d="{LETTERS[letter]}" '
        'fill="none" stroke="#1b1b1b" stroke-width="1.1" stroke-linejoin="round" stroke-linecap="round"/>'
    )
