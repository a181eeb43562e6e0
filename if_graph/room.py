"""The room that networks share: who works in it, and who is expected next."""

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
        self._known: list[weakref.ref[Guest]] = []  # those that were used, in that order, then the others
        self._used = 0
        self._readings: dict[torch.device, tuple[weakref.ref[Guest], Reading]] = {}

    def expect(self, guest: Guest) -> None:
        """Let ``guest``, which was not used yet, be known."""
        self._known.append(weakref.ref(guest))

    def enter(self, guest: Guest) -> None:
        """Make room for ``guest`` on its device."""
        known = self._guests.get(guest.source.device)
        last = None if known is None else known()
        if last is not None and last is not guest:
            last.let_go()
        self._guests[guest.source.device] = weakref.ref(guest)
        self._note_use(guest)

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
        device, known = guest.source.device, self._alive()
        later = known[known.index(guest) + 1 :] if guest in known else []
        follower = next((one for one in later if one.source.device == device and one.reads_ahead), None)
        if follower is not None and not follower.is_here:
            self._readings[device] = weakref.ref(follower), Reading(follower.source)

    def _note_use(self, guest: Guest) -> None:
        """Move a guest that is used for the first time behind those that were used before."""
        known = self._alive()
        if guest in known[self._used :]:
            known.remove(guest)
            known.insert(self._used, guest)
            self._known = [weakref.ref(one) for one in known]
            self._used += 1

    def _alive(self) -> list[Guest]:
        """Return the known guests, and forget those that are gone."""
        alive = [(ref, ref() is not None) for ref in self._known]
        self._used -= sum(not lives for _, lives in alive[: self._used])
        self._known = [ref for ref, lives in alive if lives]
        return [one for one in (ref() for ref in self._known) if one is not None]
