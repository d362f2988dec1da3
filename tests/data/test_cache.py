from dataclasses import fields

import numpy as np
import pytest
from event_files import atis, write
from refusal import refused
from somagate import data
from somagate.data import Boxes, cache, recordings


@pytest.fixture
def folder(tmp_path):
    for name in "ab":
        for number in range(1, 6):
            write(tmp_path / "set" / name / f"image_{number:04}.bin",
                  atis([(number, number, 0, True)]))  # fmt: skip
    return tmp_path / "set"


def same(one, other):
    for field in fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, Boxes):
            assert mine.samples == theirs.samples
            for part in ("sample", "label", "place"):
                assert getattr(mine, part).dtype == getattr(theirs, part).dtype
                assert np.array_equal(getattr(mine, part), getattr(theirs, part))
        elif isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype
            assert np.array_equal(mine, theirs)
        else:
            assert mine == theirs, field.name


def test_a_cache_is_used_instead_of_the_files(folder, tmp_path, monkeypatch):
    path = tmp_path / "cache.npz"
    plain = data.read("ncaltech101:steps=2,size=18,fold=2/5", folder)
    first = data.read(f"ncaltech101:steps=2,size=18,fold=2/5,cache={path}", folder)
    monkeypatch.setattr(recordings.atis, "read", None)
    second = data.read(f"ncaltech101:steps=2,size=18,fold=2/5,cache={path}", folder)
    same(plain, first)
    same(plain, second)
    assert {file.name for file in folder.iterdir()} == {"a", "b"}


def test_a_cache_keeps_boxes(tmp_path):
    text = "moving-shapes:train=5,test=3,size=16,steps=2"
    same(data.read(text), data.read(f"{text},cache={tmp_path / 'c.npz'}"))
    same(data.read(text), data.read(f"{text},cache={tmp_path / 'c.npz'}"))


@pytest.mark.parametrize("change", ["options", "files"])
def test_a_cache_of_something_else_is_refused(folder, tmp_path, change):
    path = tmp_path / "cache.npz"
    data.read(f"ncaltech101:steps=2,cache={path}", folder)
    if change == "files":
        write(folder / "a/image_0009.bin", atis([(1, 1, 1, True)]))
    steps = 3 if change == "options" else 2
    with refused(
        data.DataError,
        f"{path} must be a cache of the same data set, files and options, but is of others; "
        "delete it, or name another",
    ):
        data.read(f"ncaltech101:steps={steps},cache={path}", folder)


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04"])
def test_what_is_no_cache_is_refused(tmp_path, content):
    path = write(tmp_path / "cache.npz", content)
    with pytest.raises(data.DataError) as error:
        cache.read("key", path)
    assert str(error.value).startswith(f"{path} must be a cache of a data set, but can't be read: ")
    assert str(error.value).endswith("; delete it")


def test_an_archive_of_other_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with refused(
        data.DataError,
        f"{tmp_path / 'other.npz'} must be a cache of a data set, but can't be read: 'head'; "
        "delete it",
    ):
        cache.read("key", tmp_path / "other.npz")
