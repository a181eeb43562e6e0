"""Which of the training timesteps a run visits: named subsets, step counts, sections, explicit lists."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from if_graph.errors import InputError

RESPACINGS: dict[
    str, str
] = {  # deepfloyd_if, create_gaussian_diffusion options; sections count up from t = 0
    "fast27": "10,10,3,2,2",
    "smart27": "7,4,2,1,2,4,7",
    "smart50": "10,6,4,3,2,2,3,4,6,10",
    "smart100": "1,1,1,1,2,2,2,2,2,2,3,3,4,4,5,5,6,7,7,8,9,10,13",
    "smart185": "1,1,2,2,2,3,3,3,4,5,6,7,8,9,10,11,12,13,14,15,16,18,20",
    "super27": "1,1,1,1,1,1,1,2,5,13",
    "super40": "2,2,2,2,2,2,3,4,6,15",
    "super100": "4,4,6,6,8,8,10,10,14,30",
}

Timesteps = tuple[int, ...]
"""Timesteps in running order: strictly descending, all in [0, train_steps)."""


def leading(steps: int, train_steps: int = 1000) -> Timesteps:
    """Evenly spaced timesteps down to 0, as a checkpoint's scheduler makes them from a step count.

    Raises:
        InputError: if ``steps`` is outside [1, train_steps].
    """
    check_count(steps, train_steps)
    stride = train_steps // steps
    return tuple(i * stride for i in reversed(range(steps)))


def sections(counts: Sequence[int], train_steps: int = 1000) -> Timesteps:
    """Split the timesteps into equal sections, counted up from 0, and visit ``counts[i]`` of section i.

    A count of 0 skips its section, which is how a partial trajectory is written.

    Raises:
        InputError: if a section is asked for more steps than it has, or none is asked for at all.
    """
    size, extra = divmod(train_steps, len(counts))
    chosen: set[int] = set()
    start = 0
    for i, count in enumerate(counts):
        length = size + (i < extra)
        if not 0 <= count <= length:
            raise InputError(
                f"respacing section {i + 1} asks for {count} steps, expected 0 to {length}; use fewer steps"
            )
        stride = (length - 1) / (count - 1) if count > 1 else 1.0
        offsets = accumulate(
            [0.0] + [stride] * (count - 1)
        )  # summed, not multiplied: the published lists round so
        chosen.update(start + round(offset) for offset, _ in zip(offsets, range(count), strict=False))
        start += length
    if not chosen:
        raise InputError("respacing has no steps at all; give at least one section a count above 0")
    return tuple(sorted(chosen, reverse=True))


def explicit(timesteps: Sequence[int], train_steps: int = 1000) -> Timesteps:
    """Check a hand-written list: strictly descending, within the training timesteps.

    Raises:
        InputError: if it is not.
    """
    is_descending = all(a > b for a, b in pairwise(timesteps))
    if not timesteps or not is_descending or timesteps[0] >= train_steps or timesteps[-1] < 0:
        shown = ", ".join(map(str, timesteps[:6])) + (" ..." if len(timesteps) > 6 else "")
        raise InputError(
            f"timesteps are '{shown}', expected a strictly descending list within {train_steps - 1} .. 0"
        )
    return tuple(timesteps)


def parse_respacing(text: str, train_steps: int = 1000) -> Timesteps:
    """Read what a user writes: ``smart50``, ``27``, ``999, 800, 0`` or ``sections:10,6,4``.

    A bare number is a count of evenly spaced steps; with a comma it is a list of one.

    Raises:
        InputError: if it is none of these.
    """
    text = text.strip()
    if text in RESPACINGS:
        return sections(_integers(RESPACINGS[text]), train_steps)
    if text.startswith("sections:"):
        return sections(_integers(text.removeprefix("sections:")), train_steps)
    values = _integers(text)
    return explicit(values, train_steps) if "," in text else leading(values[0], train_steps)


def _integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.rstrip(", ").split(","))
    except ValueError as error:
        raise InputError(
            f"timesteps are {text!r}, expected one of {', '.join(RESPACINGS)}, a step count, "
            "a descending list such as '999, 500, 0', or 'sections:10,6,4'"
        ) from error


def check_count(steps: int, train_steps: int) -> None:
    """Refuse a step count that the table cannot give.

    Raises:
        InputError: if ``steps`` is outside [1, train_steps].
    """
    if not 1 <= steps <= train_steps:
        raise InputError(f"steps is {steps}, expected 1 to {train_steps}")
