import tarfile

import pytest

from if_graph.errors import InputError
from if_graph.training.world import svgs


@pytest.fixture
def fake_npm(tmp_path, monkeypatch):
    """Put an ``npm`` on the path that runs the given shell lines."""

    def install(script):
        program = tmp_path / "bin" / "npm"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    return install


def test_without_npm_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="install Node"):
        svgs.load_drawings(tmp_path / "svgs")


def test_without_a_connection_the_error_gives_the_reason(tmp_path, fake_npm):
    fake_npm("echo 'npm error network down' >&2; exit 1")
    with pytest.raises(InputError, match=r"network down.*check the connection"):
        svgs.load_drawings(tmp_path / "svgs")


def test_another_package_than_the_pinned_one_is_refused(tmp_path, fake_npm):
    fake_npm("echo other > twemoji.tgz")
    with pytest.raises(InputError, match="not the pinned one"):
        svgs.load_drawings(tmp_path / "svgs")
    assert list((tmp_path / "svgs").iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.DIRTYPE, None])
def test_a_package_without_the_drawing_is_refused(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tgz", "w") as archive:
        if kind:
            member = tarfile.TarInfo("package/dist/svg/1f431.svg")
            member.type = kind
            archive.addfile(member)
    with tarfile.open(tmp_path / "a.tgz") as archive, pytest.raises(InputError, match="no drawing 1f431"):
        svgs._extract(archive, "1f431", tmp_path)


def test_drawings_come_from_the_cache_with_one_for_every_concept(twemoji):
    assert set(twemoji) == set(svgs.CONCEPTS)
    assert {max(drawing.view_box[2:]) for drawing in twemoji.values()} == {36}
