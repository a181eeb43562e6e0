"""Steps of a training run -> a line for a person: loss, rate, speed and the time left."""

import time
from typing import TextIO

from if_graph.graph.wording import duration
from if_graph.training.log import TrainStep

SMOOTHING = 0.98
LINE_EVERY = 10.0


class ProgressLine:
    """Writes where a run stands.

    Args:
        stream: where to; a terminal gets a line that moves, anything else a line every ten seconds.
        batch: pictures per step.
        name: what learns, where that is not the network.
    """

    def __init__(self, stream: TextIO, batch: int, name: str = "") -> None:
        self._stream, self._batch, self._name = stream, batch, name
        self._moves = stream.isatty()
        self._loss = self._seconds = self._weight = 0.0
        self._written = -LINE_EVERY

    def __call__(self, report: TrainStep) -> None:
        """Take note of a step."""
        self._weight = SMOOTHING * self._weight + 1
        self._loss = SMOOTHING * self._loss + report.loss
        self._seconds = SMOOTHING * self._seconds + report.seconds
        is_last = report.step == report.steps
        if is_last or self._moves or time.monotonic() - self._written >= LINE_EVERY:
            self._written = time.monotonic()
            self._write(self._text(report), "\n" if is_last or not self._moves else "")

    def _text(self, report: TrainStep) -> str:
        seconds = max(self._seconds / self._weight, 1e-9)
        left = duration(seconds * (report.steps - report.step))
        return (
            f"{self._name}[{report.step}/{report.steps}] loss {self._loss / self._weight:.4f}, "
            f"rate {report.rate:.1e}, {self._batch / seconds:.1f} pictures/s, {left} left"
        )

    def _write(self, text: str, end: str) -> None:
        self._stream.write(f"\r\x1b[K{text}{end}" if self._moves else f"{text}{end}")
        self._stream.flush()
