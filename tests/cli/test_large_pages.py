"""The command asks for large pages, and leaves the user's own choice alone."""

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
