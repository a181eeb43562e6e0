import pytest
import torch

from if_graph.text.embeddings import TextEmbeddings


def test_a_cache_is_filled_described_checked_and_cleared(command, save, picture_flow, toy_module, tmp_path):
    for _ in range(2):
        assert command("run", save(picture_flow), "--cache", "kept", "--quiet")[0] == 0
    assert toy_module.CALLS == ["Picture", "SavePicture", "SavePicture"]
    assert command("cache", "info", "--cache", "kept")[1].startswith("kept: 1 results, ")
    next((tmp_path / "kept").glob("??/*")).write_bytes(b"")
    said = "kept: 0 results are sound, 1 were damaged and dropped\n"
    assert command("cache", "verify", "--cache", "kept")[1] == said
    assert command("cache", "clear", "--cache", "kept")[1].startswith("kept: cleared 0 results, ")
    assert list((tmp_path / "kept").glob("??/*")) == []


def test_a_cache_may_be_named_by_the_environment(command, save, picture_flow, tmp_path, monkeypatch):
    monkeypatch.setenv("IF_GRAPH_CACHE", str(tmp_path / "kept"))
    command("run", save(picture_flow), "--quiet")
    assert "1 results" in command("cache", "info")[1]


def test_a_cache_that_is_not_there_is_said(command, monkeypatch):
    monkeypatch.delenv("IF_GRAPH_CACHE", raising=False)
    assert command("cache", "info", "--cache", "nowhere")[0] == 2
    assert "name its folder with --cache DIR" in command("cache", "info")[2]


def test_a_bad_limit_is_said(command, save, picture_flow, monkeypatch):
    monkeypatch.setenv("IF_GRAPH_CACHE_LIMIT", "lots")
    code, _, err = command("run", save(picture_flow), "--cache", "kept")
    assert code == 2
    assert "IF_GRAPH_CACHE_LIMIT is 'lots', expected a number of GiB" in err


@pytest.fixture
def speaking_flow(toy_module, monkeypatch, save):
    class Speak(toy_module.Number):
        STORABLE = (TextEmbeddings,)

        def make(self, value):
            return (TextEmbeddings(torch.ones(1, 2, 3), torch.ones(1, 2, dtype=torch.bool), ("hi",)),)

    monkeypatch.setitem(toy_module.NODE_CLASS_MAPPINGS, "Speak", Speak)
    flow = {
        "1": {"class_type": "Speak", "inputs": {"value": 1}},
        "2": {"class_type": "Number", "inputs": {"value": ["1", 0]}},
        "3": {"class_type": "Show", "inputs": {"value": ["2", 0]}},
    }
    monkeypatch.setattr(Speak, "RETURN_TYPES", ("*",))
    monkeypatch.setattr(toy_module.Number, "make", lambda self, value: (len(value),))
    return save(flow)


@pytest.mark.parametrize(
    ("options", "repeated"),
    [
        ([], ["Number", "Show"]),
        (["--no-cache"], ["Speak", "Number", "Show"]),
        (["--cache", "kept"], ["Show"]),
    ],
)
def test_text_embeddings_alone_are_kept_unless_asked_otherwise(
    options, repeated, command, speaking_flow, toy_module
):
    for _ in range(2):
        assert command("run", speaking_flow, "--quiet", *options)[::2] == (0, "")
    assert toy_module.CALLS[3:] == repeated


def test_the_usual_folder_can_be_looked_after(command, speaking_flow):
    command("run", speaking_flow, "--quiet")
    assert "/if-graph/results: 1 results, " in command("cache", "info")[1]


def test_a_home_that_cannot_hold_a_cache_is_no_obstacle(command, speaking_flow, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert command("run", speaking_flow, "--quiet")[::2] == (0, "")
