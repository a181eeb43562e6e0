"""Settings -> job ids that every file system takes as a folder's name, the same on every run."""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from if_graph.errors import WorkflowError
from if_graph.graph.wording import listed, shown

LONGEST = 180  # bytes, which leaves room for what is added to the folder's name while a job runs
RECORD, SHEET, LOCK = "results.jsonl", "contact-sheet.png", ".lock"
"""What stands beside the jobs' folders."""
_PLAIN = re.compile(r"\w[\w.=,+~ -]*(?<![. ])")
_VALUE = 32


def checked_id(value: Any, at: str) -> str:
    """Return the id that a jobs file gives a job.

    Raises:
        WorkflowError: if it cannot name a folder.
    """
    text = str(value) if type(value) in (str, int) else ""
    if not _PLAIN.fullmatch(text) or len(text.encode()) > LONGEST or text.casefold() in (RECORD, SHEET):
        raise WorkflowError(
            f"{at}: id {shown(value)} names the job's folder, expected letters, digits and any of '_-.=,+~ ' "
            f"between them, at most {LONGEST} bytes in all and not {listed((RECORD, SHEET))}; rename it"
        )
    return text


def grid_id(targets: Sequence[str], values: Sequence[Any]) -> str:
    """Name a place in a grid after its values, for example ``seed=1,guidance_scale=4``."""
    parts = [f"{name}={_plain(_text(v))}" for name, v in zip(short_names(targets), values, strict=True)]
    return ",".join(parts)


def fitted(name: str) -> str:
    """Return an id as it is, or cut to a length that a folder's name may have, with a digest."""
    data = name.encode()
    if len(data) <= LONGEST:
        return name
    return f"{data[: LONGEST - 7].decode(errors='ignore')}~{_digest(name)}"


def short_names(targets: Sequence[str]) -> list[str]:
    """Return the targets without their nodes, where that leaves them different."""
    names = [target.rpartition(".")[2] for target in targets]
    return [
        name if names.count(name) == 1 else _plain(target)
        for name, target in zip(names, targets, strict=True)
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(text: str) -> str:
    """Return a text as it is where a file name may hold it, else what is left of it and a digest."""
    if len(text) <= _VALUE and re.fullmatch(r"[\w+-][\w.+-]*(?<!\.)", text):
        return text
    kept = re.sub(r"[^\w.+-]+", "-", text)[:_VALUE].strip("-.")
    return f"{kept}~{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
