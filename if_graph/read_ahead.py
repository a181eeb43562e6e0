"""Files of the network that comes next are read while another one works."""

from collections.abc import Mapping
from contextlib import suppress
from threading import Event, Thread

import torch
from torch import Tensor

from if_graph.filling import Source

_PAGE = 4096  # bytes; reading one of them brings them all


class Reading:
    """Reads the weights of one network in a thread of its own.

    For a GPU they are copied into pinned memory, from which they go up at the bus's full rate. For a CPU
    their pages are brought into the system's file cache, which takes no memory from anybody. What cannot be
    read is left to whoever uses the network, who will say so.

    Args:
        source: of the network.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._raw: Mapping[str, Tensor] | None = None
        self._is_unwanted = Event()
        self._thread = Thread(target=self._read, name="if-graph reads ahead", daemon=True)
        self._thread.start()

    def result(self) -> Mapping[str, Tensor] | None:
        """Return the weights as :attr:`Source.open` gives them, once all are read; None if that failed."""
        self._thread.join()
        return self._raw

    def stop(self) -> None:
        """Read no further, and forget what was read."""
        self._is_unwanted.set()
        self._thread.join()
        self._raw = None

    def _read(self) -> None:
        with suppress(Exception):  # a file may be gone, pinned memory short
            raw, bring = self._source.open(), _pinned if self._source.device.type == "cuda" else _paged_in
            brought: dict[int, Tensor] = {}  # by address: tied weights are one
            for tensor in raw.values():
                if self._is_unwanted.is_set():
                    return
                if tensor.data_ptr() not in brought:
                    brought[tensor.data_ptr()] = bring(tensor)
            self._raw = {name: brought[tensor.data_ptr()] for name, tensor in raw.items()}


def _pinned(tensor: Tensor) -> Tensor:
    return tensor.pin_memory()


def _paged_in(tensor: Tensor) -> Tensor:
    """Read one byte of every page of a mapped tensor."""
    if tensor.numel():
        tensor.contiguous().view(-1).view(torch.uint8)[::_PAGE].max()
    return tensor
