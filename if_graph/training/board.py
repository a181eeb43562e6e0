"""Steps of a training run -> TensorBoard events, beside ``log.csv``."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from if_graph.errors import InputError
from if_graph.training.log import TrainStep


class Board:
    """Writes loss, rate and seconds of each step to ``folder``, made with the first step.

    Args:
        folder: what ``tensorboard --logdir`` is given.

    Raises:
        InputError: if TensorBoard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        if find_spec("tensorboard") is None:
            raise InputError("--tensorboard needs TensorBoard; pip install 'if-graph[tensorboard]'")
        self._folder = folder
        self._writer: Any = None

    def __call__(self, report: TrainStep) -> None:
        """Add a step; the first one hides what a run that was killed had written after it."""
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter  # a second

            self._writer = SummaryWriter(str(self._folder), purge_step=report.step)
        for name in ("loss", "rate", "seconds"):
            self._writer.add_scalar(name, getattr(report, name), report.step)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()
