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
