"""Tar shards: the same pictures as the folder they were made of, and nothing from hostile ones."""

import io
import tarfile

import pytest
import torch

from if_graph.errors import InputError
from if_graph.training import tar_index
from if_graph.training.pictures import FolderPictures, Framing
from if_graph.training.tar_index import index_of, shards_of
from if_graph.training.tar_pictures import TarPictures

FRAMING = Framing(8, None, 0.1, seed=0)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(tar_index.index_of, "__defaults__", (tmp_path / "cache",))
    return tmp_path / "cache"


@pytest.fixture
def shards(pictures_folder, tmp_path):
    """Two shards of the folder's pictures; returns their pattern."""
    for number, names in enumerate((("blue", "green"), ("red", "white"))):
        with tarfile.open(tmp_path / f"{number}.tar", "w") as archive:
            for name in names:
                archive.add(pictures_folder / f"{name}.txt", f"{name}.txt")
                archive.add(pictures_folder / f"{name}.png", f"{name}.png")
    return str(tmp_path / "*.tar")


def test_shards_serve_what_the_folder_does(shards, pictures_folder):
    tar, folder = TarPictures(shards, FRAMING), FolderPictures(pictures_folder, FRAMING)
    got, wanted = tar.batch([3, 0, 1]), folder.batch([3, 0, 1])
    assert len(tar) == 4
    assert got.captions == wanted.captions
    assert torch.equal(got.pixels, wanted.pixels)


def test_the_index_is_made_once_and_again_when_a_shard_changes(shards, pictures_folder, cache):
    paths = shards_of(shards)
    first = index_of(paths)
    made = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert index_of(paths) == first
    assert {path.name: path.stat().st_mtime_ns for path in cache.iterdir()} == made
    with tarfile.open(paths[0], "a") as archive:
        archive.add(pictures_folder / "red.png", "new.png")
        archive.add(pictures_folder / "red.txt", "new.txt")
    assert len(index_of(paths)) == 5


def test_links_and_names_that_climb_touch_no_file(tmp_path, pictures_folder):
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        link = tarfile.TarInfo("a.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
        for name, data in (("a.txt", b"a"), ("../../up.png", (pictures_folder / "red.png").read_bytes())):
            archive.addfile(size_of(tarfile.TarInfo(name), data), io.BytesIO(data))
        archive.addfile(size_of(tarfile.TarInfo("../../up.txt"), b"up"), io.BytesIO(b"up"))
    before = sorted(tmp_path.rglob("*"))
    pictures = TarPictures(str(tmp_path / "evil.tar"), FRAMING)
    assert pictures.batch([0]).captions == ("up",)
    assert len(pictures) == 1
    assert [path for path in sorted(tmp_path.rglob("*")) if "cache" not in path.parts] == before


def size_of(member, data):
    member.size = len(data)
    return member


@pytest.mark.parametrize(
    ("data", "told"), [(b"", "no picture|empty"), (b"\x1f\x8b" + b"x" * 600, "not compressed")]
)
def test_what_is_no_tar_is_one_sentence(tmp_path, data, told):
    (tmp_path / "bad.tar").write_bytes(data)
    with pytest.raises(InputError, match=told):
        TarPictures(str(tmp_path / "bad.tar"), FRAMING)


def test_a_pattern_without_files_is_named():
    with pytest.raises(InputError, match=r"data\.shards '/nowhere/\*\.tar' names no file"):
        TarPictures("/nowhere/*.tar", FRAMING)


def test_a_damaged_picture_is_named(tmp_path):
    with tarfile.open(tmp_path / "one.tar", "w") as archive:
        for name, data in (("a.txt", b"a"), ("a.png", b"no picture")):
            archive.addfile(size_of(tarfile.TarInfo(name), data), io.BytesIO(data))
    with pytest.raises(InputError, match=r"one\.tar: picture at byte 1536 cannot be read"):
        TarPictures(str(tmp_path / "one.tar"), FRAMING).batch([0])
