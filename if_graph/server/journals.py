"""What each run has saved so far, in a file that outlives the server, so that none is saved twice."""

from contextlib import suppress
from pathlib import Path

from if_graph.files import sweep_parts
from if_graph.folders import Folders
from if_graph.graph.journal_file import JournalFile

ENDING = ".jsonl"


class Journals:
    """The journals of runs that have begun and not ended.

    Args:
        folder: where they are; made with the first.
        folders: where runs write; cleared of half files that a run cut short has left.
    """

    def __init__(self, folder: Path, folders: Folders) -> None:
        self._folder = folder
        self._folders = folders

    def open(self, job_id: str) -> JournalFile:
        """Return a run's journal, which knows what was saved before the run was cut short, if it was.

        Args:
            job_id: a UUID; part of the file's name.

        Raises:
            OSError: if it cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        journal = JournalFile(self._folder / f"{job_id}{ENDING}")
        if journal.file.is_file():
            journal.read()
            self._sweep(journal)
        journal.open()
        return journal

    def forget(self, job_id: str) -> None:
        """Delete a run's journal: it has ended."""
        with suppress(OSError):
            (self._folder / f"{job_id}{ENDING}").unlink()

    def keep_only(self, job_ids: set[str]) -> None:
        """Delete what a kill has left of runs that are not to go on."""
        for file in self._folder.glob(f"*{ENDING}"):
            if file.stem not in job_ids:
                file.unlink(missing_ok=True)

    def _sweep(self, journal: JournalFile) -> None:
        for mark in journal.marks:
            sweep_parts(self._folders.output, mark)
            sweep_parts(self._folders.temp, mark)
