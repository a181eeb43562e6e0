"""A training run on disk, written so that a killed run goes on where it was."""

from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from if_graph.errors import CheckpointError
from if_graph.tensor_files import write_tensors
from if_graph.training.ema import AveragedWeights

_UNREADABLE = (OSError, RuntimeError, EOFError, SafetensorError, UnpicklingError)
_NAMES = ("weights.safetensors", "average.safetensors", "optimizer.pt")


@dataclass
class RunState:
    """Everything that changes while training.

    Args:
        model: the network being trained.
        average: its averaged weights.
        optimizer: with its moments.
        rates: the learning-rate schedule.
        step: optimiser steps done.
    """

    model: nn.Module
    average: AveragedWeights
    optimizer: Optimizer
    rates: LRScheduler
    step: int = 0

    def save(self, folder: Path) -> None:
        """Write the state into a new folder beside ``folder``, then swap the two."""
        fresh, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
        fresh.mkdir(parents=True, exist_ok=True)
        write_tensors(_trained(self.model), fresh / _NAMES[0])
        write_tensors(self.average.weights, fresh / _NAMES[1])
        numbers = {"step": self.step, "updates": self.average.updates, "rates": self.rates.state_dict()}
        torch.save({"optimizer": self.optimizer.state_dict(), **numbers}, fresh / _NAMES[2])
        if folder.exists():  # else a kill came between the renames, and the old one is all there is
            _remove(old)
            folder.rename(old)
        fresh.rename(folder)
        _remove(old)

    def load(self, folder: Path) -> None:
        """Take the state of ``folder``, or of its predecessor if a kill came between the renames.

        Raises:
            CheckpointError: if the folder does not hold this network's state.
        """
        source = folder if folder.exists() else folder.with_name(folder.name + ".old")
        try:
            load_weights(self.model, source / _NAMES[0])
            for name, value in load_file(source / _NAMES[1]).items():
                self.average.weights[name].copy_(value)
            numbers = torch.load(source / _NAMES[2], weights_only=True)
        except (*_UNREADABLE, KeyError) as error:
            raise CheckpointError(
                f"training state {source}: {error}; start again in another folder"
            ) from error
        self.optimizer.load_state_dict(numbers["optimizer"])
        self.rates.load_state_dict(numbers["rates"])
        self.step, self.average.updates = numbers["step"], numbers["updates"]


def has_state(folder: Path) -> bool:
    """Whether a run was saved in ``folder``, be it by a run that was killed between the two renames."""
    return folder.exists() or folder.with_name(folder.name + ".old").exists()


@torch.no_grad()
def load_weights(model: nn.Module, path: Path, but: tuple[str, ...] = ()) -> None:
    """Copy the trained parameters in ``path`` into ``model``.

    Args:
        model: to be filled.
        path: what a training run saved.
        but: beginnings of names that keep what they have.

    Raises:
        CheckpointError: if the file cannot be read, or a name or a shape differs.
    """
    try:
        stored = load_file(path)
    except _UNREADABLE as error:
        raise CheckpointError(f"{path}: {error}; expected the weights of a training run") from error
    trained = {name: value for name, value in _trained(model).items() if not name.startswith(but)}
    everything = dict(model.named_parameters())
    strange = set(trained) - set(stored) | set(stored) - set(everything)
    strange |= {name for name in trained if name in stored and stored[name].shape != trained[name].shape}
    if strange:
        raise CheckpointError(f"{path}: holds another network's weights (see {sorted(strange)[0]})")
    for name, parameter in trained.items():
        parameter.copy_(stored[name])


def copy_weights(taught: nn.Module, network: nn.Module, otherwise: str) -> None:
    """Copy all weights of one network into another of its kind.

    Raises:
        CheckpointError: saying ``otherwise``, if their shapes or names differ.
    """
    try:
        network.load_state_dict(taught.state_dict())
    except RuntimeError as error:
        raise CheckpointError(otherwise) from error


def _trained(model: nn.Module) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def _remove(folder: Path) -> None:
    if folder.exists():
        for name in _NAMES:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
