"""What the command sets for its process: large pages, unless the user chose, and rare collections."""

import gc
import os

import pytest

from if_graph.cli import main

NAME = "THP_MEM_ALLOC_ENABLE"


@pytest.mark.parametrize(("set_by_user", "wanted"), [(None, "1"), ("0", "0")])
def test_large_pages_are_asked_for_unless_the_user_chose(monkeypatch, capsys, set_by_user, wanted):
    monkeypatch.setenv(NAME, set_by_user or "")
    if set_by_user is None:
        monkeypatch.delenv(NAME)
    assert main(["--version"]) == 0
    assert os.environ[NAME] == wanted


def test_garbage_is_collected_rarely(capsys):
    before = gc.get_threshold()
    try:
        assert main(["--version"]) == 0
        assert gc.get_threshold()[0] > 10_000
    finally:
        gc.set_threshold(*before)
