"""The processes that train one network together: one alone, or those that a launcher started.

``accelerate launch`` and ``torchrun`` say by environment variables that there is more than one; the library
accelerate (extra ``accelerate``) then finds the others, and averages gradients by plain data parallelism.
"""

import gc
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from if_graph.errors import InputError

_LAUNCHED = ("WORLD_SIZE", "ACCELERATE_MIXED_PRECISION")  # set by torchrun, by accelerate launch
_PAUSE = 0.2  # seconds in which the group's threads get Python's lock and free what they were given
_PATIENCE = timedelta(hours=12)  # the others wait while the first process renders pictures or paints a sheet


class Processes(Protocol):
    """What a training run asks of the processes that it shares its steps with."""

    rank: int
    count: int
    device: torch.device

    def joined(self, model: nn.Module) -> nn.Module:
        """Return ``model`` so that its gradients become the mean over all processes."""

    def means(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return each value's mean over all processes."""

    def first_alone(self) -> Any:
        """Return a context that the first process goes through before the others."""

    def wait(self) -> None:
        """Wait until all processes are here."""

    def leave(self) -> None:
        """Part from the others, after the last step; what :meth:`joined` returned and optimisers are gone."""


class Alone:
    """One process on the CPU; needs no library."""

    rank, count, device = 0, 1, torch.device("cpu")

    def joined(self, model: nn.Module) -> nn.Module:
        """Return ``model`` as it is."""
        return model

    def means(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return the values as they are."""
        return dict(values)

    @contextmanager
    def first_alone(self) -> Iterator[None]:
        """Go through."""
        yield

    def wait(self) -> None:
        """Return at once."""

    def leave(self) -> None:
        """Part from nobody."""


class Launched:
    """The processes of a launcher.

    Raises:
        InputError: if accelerate is missing, or configured for what this trainer does not do.
    """

    def __init__(self) -> None:
        try:
            from accelerate import Accelerator, InitProcessGroupKwargs
        except ImportError as error:
            raise InputError(
                "training on several processes needs accelerate; pip install 'if-graph[accelerate]'"
            ) from error
        self._accelerator = Accelerator(
            cpu=not torch.cuda.is_available(),
            mixed_precision="no",  # the recipe's autocast decides
            kwargs_handlers=[InitProcessGroupKwargs(timeout=_PATIENCE)],
        )
        _check_kind(str(self._accelerator.distributed_type.value))
        self.rank: int = self._accelerator.process_index
        self.count: int = self._accelerator.num_processes
        self.device: torch.device = self._accelerator.device

    def joined(self, model: nn.Module) -> nn.Module:
        """Return ``model`` so that its gradients become the mean over all processes."""
        joined: nn.Module = self._accelerator.prepare_model(model)
        return joined

    def means(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return each value's mean over all processes."""
        mine: Tensor = torch.tensor(list(values.values()), dtype=torch.float32, device=self.device)
        mean = self._accelerator.reduce(mine, reduction="mean")
        return dict(zip(values, mean.tolist(), strict=True))

    def first_alone(self) -> Any:
        """Return a context that the first process goes through before the others."""
        return self._accelerator.main_process_first()

    def wait(self) -> None:
        """Wait until all processes are here."""
        self._accelerator.wait_for_everyone()

    def leave(self) -> None:
        """Part from the others; a process that ends while still joined can be aborted by its own threads.

        Joined networks and optimisers must be gone by then: where one is the last to hold the group, the
        group's threads are waited for with Python's lock held, for which they may wait to free their tensors.
        """
        self.wait()
        time.sleep(_PAUSE)
        self._accelerator.free_memory()  # its list of networks; it collects before that, not after
        gc.collect()
        self._accelerator.end_training()


def started_processes() -> Processes:
    """Return the launcher's processes, or this one alone where there was no launcher."""
    return Launched() if any(name in os.environ for name in _LAUNCHED) else Alone()


def _check_kind(kind: str) -> None:
    if kind not in ("NO", "MULTI_CPU", "MULTI_GPU"):
        raise InputError(
            f"accelerate is configured for {kind}, expected plain data parallelism; "
            "run 'accelerate config' without DeepSpeed and FSDP"
        )
