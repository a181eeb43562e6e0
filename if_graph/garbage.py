"""How often Python looks for objects that only hold each other."""

import gc

_NEW_OBJECTS, _ROUNDS = 50_000, 20  # Python's own: 700 and 10


def collect_rarely() -> None:
    """Have this process collect garbage less often.

    Libraries and networks are a million objects that stay: with Python's own thresholds, going through them
    again and again takes 0.3 s of a run on the bundled cascade. Networks that are dropped need no
    collection: nothing in them holds itself. What does is still found, later.
    """
    gc.set_threshold(_NEW_OBJECTS, _ROUNDS, _ROUNDS)
