"""The room that networks share: who works in it, and who is expected next."""

import itertools
import weakref
from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from if_graph.filling import Source
from if_graph.read_ahead import Reading


class Guest(Protocol):
    """A network that comes and goes."""

    source: Source
    is_here: bool
    reads_ahead: bool

    def let_go(self) -> None:
        """Let the weights go."""


class Room:
    """Holds at most one network on each device: who enters sends the one before away.

    While it works, the files of who is expected next are read: who came after it the last time, or else who
    was loaded first of those that have not been used yet.

    Not for threads that use different networks at once; give each a room of its own.
    """

    def __init__(self) -> None:
        self._guests: dict[torch.device, weakref.ref[Guest]] = {}
        # whether a guest is still unused, and when it was loaded or first used: who was used comes first
        self._order: weakref.WeakKeyDictionary[Guest, tuple[bool, int]] = weakref.WeakKeyDictionary()
        self._count = itertools.count()
        self._readings: dict[torch.device, tuple[weakref.ref[Guest], Reading]] = {}

    def expect(self, guest: Guest) -> None:
        """Let ``guest``, which was not used yet, be known."""
        self._order[guest] = True, next(self._count)

    def enter(self, guest: Guest) -> None:
        """Make room for ``guest`` on its device."""
        known = self._guests.get(guest.source.device)
        last = None if known is None else known()
        if last is not None and last is not guest:
            last.let_go()
        self._guests[guest.source.device] = weakref.ref(guest)
        if self._order.get(guest, (False, 0))[0]:
            self._order[guest] = False, next(self._count)

    def read_for(self, guest: Guest) -> Mapping[str, Tensor] | None:
        """Return the weights that were read for ``guest`` beforehand; None if none were."""
        expected, reading = self._readings.pop(guest.source.device, (None, None))
        if reading is None:
            return None
        if expected is not None and expected() is guest:
            return reading.result()
        reading.stop()
        return None

    def read_ahead(self, guest: Guest) -> None:
        """Begin to read the weights of who comes after ``guest`` on its device."""
        device, order = guest.source.device, dict(self._order)
        later = [one for one, place in order.items() if guest in order and place > order[guest]]
        waiting = [one for one in later if one.source.device == device and one.reads_ahead]
        follower = min(waiting, key=order.__getitem__, default=None)
        is_read = device in self._readings and self._readings[device][0]() is follower
        if follower is not None and not follower.is_here and not is_read:
            self._readings[device] = weakref.ref(follower), Reading(follower.source)
