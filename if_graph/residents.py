"""Networks that come and go: the hooks that bring weights when a layer is called, and the room they share."""

import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from if_graph.allocator import hand_back, keep_large_blocks
from if_graph.filling import Owned, Source, empty_out, fill, owners, prepared, put
from if_graph.room import Room

AFTER_USE, BY_LAYER, NEVER = "after use", "layer by layer", "none"
OFFLOADS = (AFTER_USE, BY_LAYER, NEVER)
"""When weights leave: once another network takes their place, each layer once it ran, or never."""

_WORTH_READING = 32 * 2**20  # bytes; fewer are read at once, and a thread for them takes the worker's time


@dataclass(frozen=True)
class Stay:
    """How long weights stay, and which other networks they make room for.

    Args:
        offload: ``after use`` or ``layer by layer``.
        room: shared with those networks.
    """

    offload: str = AFTER_USE
    room: Room = field(default_factory=Room)


class Resident:
    """A network whose weights come all together, once one of its layers is called.

    It loses what weights it has; until it is used they are on the meta device, in the types it computes with.

    Args:
        network: its weights have the types that ``source`` prepares.
        source: where the weights come from.
        stay: how long they stay.
    """

    def __init__(self, network: nn.Module, source: Source, stay: Stay) -> None:
        self.source = source
        self.stay = stay
        self.is_here = False
        self._network = weakref.ref(network)  # the network holds this object
        # weakly, so that a network that is dropped is gone at once, with its weights
        self._owned = [(weakref.ref(module), names) for module, names in owners(network)]
        self.reads_ahead = self.size() >= _WORTH_READING
        """Whether its weights are to be read beforehand: all come at once, and reading them takes a while."""
        self._hooks: list[RemovableHandle] = []
        self._empty()
        self._wait()
        stay.room.expect(self)

    @property
    def kind(self) -> str:
        """The name of the network's class, for lists of what is loaded."""
        return type(self._network()).__name__

    def size(self) -> int:
        """Return how many bytes its weights take on their device while they are here."""
        return sum(self._sizes())

    def bring(self) -> None:
        """Send away who is in the room, and bring the weights unless they are here.

        Raises:
            CheckpointError: if their file is gone or changed.
        """
        if not self.is_here and self._network() is not None:
            self.stay.room.enter(self)
            self._come()
            self.is_here = True
            self.stay.room.read_ahead(self)

    def let_go(self) -> None:
        """Let the weights go; the next use brings them back."""
        self._empty()
        if self.is_here:
            self._leave()
        self.is_here = False
        hand_back(self.source.device)

    def _sizes(self) -> list[int]:
        """Return the bytes that each module's own weights take."""
        return [sum(getattr(module, leaf).nbytes for leaf in names) for module, names in self._owners()]

    def _owners(self) -> Iterator[Owned]:
        for known, names in self._owned:
            module = known()
            if module is not None:
                yield module, names

    def _empty(self) -> None:
        for module, names in self._owners():
            empty_out(module, names)

    def _wait(self) -> None:
        self._hooks = [
            module.register_forward_pre_hook(lambda *_: self.bring()) for module, _ in self._owners()
        ]

    def _come(self) -> None:
        fill(self._owners(), self.source, self.stay.room.read_for(self))
        for hook in self._hooks:  # while the weights are here, calls cost nothing extra
            hook.remove()

    def _leave(self) -> None:
        self._wait()


class LayerwiseResident(Resident):
    """A network of which one layer has weights at a time: each just before it is called, gone after."""

    def __init__(self, network: nn.Module, source: Source, stay: Stay) -> None:
        super().__init__(network, source, stay)
        self.reads_ahead = False  # they never come all at once
        self._raw: Mapping[str, Tensor] = {}

    def size(self) -> int:
        """Return how many bytes its largest layer takes."""
        return max(self._sizes(), default=0)

    def _wait(self) -> None:
        for module, names in self._owners():
            module.register_forward_pre_hook(lambda owner, _, names=names: self._lay_out(owner, names))
            module.register_forward_hook(
                lambda owner, *_, names=names: empty_out(owner, names), always_call=True
            )

    def _come(self) -> None:
        self._raw = self.source.open()
        keep_large_blocks(False, self.source.device)

    def _leave(self) -> None:
        self._raw = {}
        keep_large_blocks(True, self.source.device)

    def _lay_out(self, owner: nn.Module, names: Mapping[str, str]) -> None:
        self.bring()
        for leaf, name in names.items():
            put(owner, leaf, prepared(self.source, self._raw, name))
