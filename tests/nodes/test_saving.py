import pytest
from if_graph_nodes.files import target_of
from if_graph_nodes.saving import save_numbered

from if_graph.errors import InputError
from if_graph.folders import using_names
from if_graph.graph.journal import Journal


def names_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def save(folder, text, names):
    with using_names(names):
        return save_numbered(folder, folder / "sub" / "a", ".txt", lambda path: path.write_text(text)).name


def test_a_call_that_is_repeated_takes_the_same_names(tmp_path):
    journal = Journal()
    for _ in range(2):
        names = journal.names_for("1")
        assert [save(tmp_path, text, names) for text in "xy"] == ["a_00001_.txt", "a_00002_.txt"]
    assert names_in(tmp_path) == ["sub/a_00001_.txt", "sub/a_00002_.txt"]


def test_a_name_that_another_file_has_taken_since_is_left_to_it(tmp_path):
    journal = Journal()
    journal.note_name("1", "sub/a_00001_.txt")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a_00001_.txt").write_text("theirs")
    assert save(tmp_path, "ours", journal.names_for("1")) == "a_00002_.txt"
    assert (tmp_path / "sub" / "a_00001_.txt").read_text() == "theirs"


class Racing(Journal):
    """Another process takes each of the first names between its choice and its use."""

    def note_name(self, node_id, name):
        if not self._names:
            (self.folder / name).write_text("theirs")
        super().note_name(node_id, name)


@pytest.mark.parametrize("has_links", [True, False])
def test_two_processes_never_take_one_name(has_links, tmp_path, monkeypatch):
    def no_links(source, target):
        raise OSError("not supported")

    monkeypatch.setattr("os.link", no_links) if not has_links else None
    journal = Racing()
    journal.folder = tmp_path
    assert save(tmp_path, "ours", journal.names_for("1")) == "a_00002_.txt"
    assert names_in(tmp_path) == ["sub/a_00001_.txt", "sub/a_00002_.txt"]


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    def fail(path):
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        save_numbered(tmp_path, tmp_path / "a", ".txt", fail)
    assert names_in(tmp_path) == []


def test_a_name_that_no_file_system_takes_is_refused_in_words(tmp_path):
    with pytest.raises(InputError, match="a name of 300 bytes, expected at most 200; shorten it"):
        target_of(tmp_path, "x" * 300, 8, 8)
