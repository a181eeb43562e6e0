"""Text for a person at a stream: lines that stay, and on a terminal one line that moves."""

from typing import TextIO


class Line:
    """Writes lines; where the stream is no terminal, only those that stay.

    Args:
        stream: where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._moves = stream.isatty()
        self._width = 0

    def moving(self, text: str) -> None:
        """Show what the next text will replace."""
        if self._moves:
            self._write(text, "\r")

    def finished(self, text: str) -> None:
        """Write a line that stays."""
        self._write(text, "\n")

    def clear(self) -> None:
        """Take the moving line away."""
        if self._moves and self._width:
            self._write("", "\r")

    def _write(self, line: str, end: str) -> None:
        padding = " " * (self._width - len(line)) if self._moves else ""
        self._width = len(line) if end == "\r" else 0
        self._stream.write(f"{line}{padding}{end}")
        self._stream.flush()
