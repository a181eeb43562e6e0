"""The losses of a run, one row a step, in a file that other tools read too."""

import csv
from dataclasses import astuple, dataclass
from pathlib import Path

from if_graph.files import unfinished

COLUMNS = ("step", "loss", "rate", "seconds")


@dataclass(frozen=True)
class TrainStep:
    """What one optimiser step reports.

    Args:
        step: steps done, 1..steps.
        steps: in all.
        loss: of this step's pictures.
        rate: learning rate used.
        seconds: it took.
    """

    step: int
    steps: int
    loss: float
    rate: float
    seconds: float


class LossLog:
    """``log.csv`` of a run.

    Args:
        path: of the file; made with the first row.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, report: TrainStep) -> None:
        """Add a step."""
        is_new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(COLUMNS)
            step, _, loss, rate, seconds = astuple(report)
            writer.writerow([step, f"{loss:.6f}", f"{rate:.3e}", f"{seconds:.3f}"])

    def rows(self) -> list[tuple[int, float]]:
        """Return (step, loss) of every whole row; a kill may have left half a row at the end."""
        if not self.path.exists():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            return [(int(row[0]), float(row[1])) for row in csv.reader(file) if _is_whole(row)]

    def cut(self, step: int) -> None:
        """Forget the rows after ``step``, which a resumed run will write again."""
        if not self.path.exists():
            return
        with self.path.open(newline="", encoding="utf-8") as file:
            kept = [row for row in csv.reader(file) if _is_whole(row) and int(row[0]) <= step]
        with unfinished(self.path) as part, part.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *kept])


def _is_whole(row: list[str]) -> bool:
    return len(row) == len(COLUMNS) and row[0].isdigit() and row[-1] != ""
