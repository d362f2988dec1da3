"""SHD's and SSC's HDF5 files, as they are published, become frames."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from somagate import data

h5py = pytest.importorskip("h5py", reason="h5py is not installed")

WORDS = ("zero", "one", "null")


def write(path: Path, count: int = 6, seed: int = 0, **changes: Any) -> list[Any]:
    """Write a file as SHD's authors did; return (times, units) of each recording."""
    rng = np.random.default_rng(seed)
    recordings = []
    for _ in range(count):
        size = int(rng.integers(0, 400))
        times = np.sort(rng.random(size) * 1.5).astype(np.float16)
        recordings.append((times, rng.integers(0, 700, size).astype(np.uint16)))
    recordings = changes.get("recordings", recordings)
    with h5py.File(path, "w") as file:
        file["labels"] = np.asarray(changes.get("labels", np.arange(count) % 3), np.uint16)
        kinds = changes.get("kinds", (np.float16, np.uint16))
        for index, (name, kind) in enumerate(zip(("times", "units"), kinds, strict=True)):
            made = file.create_dataset(f"spikes/{name}", (len(recordings),), h5py.vlen_dtype(kind))
            for number, parts in enumerate(recordings):
                made[number] = parts[index]
        file["extra/keys"] = np.array([word.encode() for word in WORDS])
    return recordings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "shd_train.h5")
    write(tmp_path / "shd_test.h5", 4, 1)
    return tmp_path


def test_spikes_are_counted_in_bins_of_time_and_units(tmp_path: Path) -> None:
    recordings = write(tmp_path / "shd_train.h5")
    write(tmp_path / "shd_test.h5", 4, 1)
    found = data.read("shd:steps=20,window=1000,units=140,maximum=3", tmp_path)
    assert found.train_images.shape == (6, 20, 1, 1, 140) and found.test_images.shape[0] == 4
    assert (found.maximum, found.steps, found.class_names) == (3, 20, WORDS)
    assert found.train_labels.tolist() == [0, 1, 2, 0, 1, 2]
    for image, (times, units) in zip(found.train_images, recordings, strict=True):
        wanted = np.zeros((20, 140), int)
        for time, unit in zip(times.tolist(), units.tolist(), strict=True):
            if time < 1:
                wanted[int(time * 20), unit // 5] += 1
        assert np.array_equal(image[:, 0, 0], np.minimum(wanted, 3))
    assert found.train_images.max() == 3


def test_the_folder_tells_what_it_is_and_frames_are_spikes_by_default(folder: Path) -> None:
    assert data.named(folder) == "shd"
    found = data.read("shd", folder)
    assert found.train_images.shape[1:] == (100, 1, 1, 700) and found.train_images.max() == 1


def test_a_spike_just_before_the_end_is_in_the_last_step(folder: Path) -> None:
    last = np.nextafter(1.999, 0)
    write(folder / "shd_train.h5", recordings=[([last], [7])] * 6, kinds=(np.float64, np.uint16))
    images = data.read("shd:steps=1000,window=1999", folder).train_images
    assert images.sum() == 6 and images[:, -1, 0, 0, 7].all()


def test_ssc_is_read_alike(tmp_path: Path) -> None:
    for part in ("train", "test"):
        write(tmp_path / f"ssc_{part}.h5")
    assert data.read("ssc:steps=10", tmp_path).train_images.shape == (6, 10, 1, 1, 700)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": np.full(6, 3)}, "must have labels 0…2 for its 3 words, not 3…3"),
        ({"labels": [0]}, "must have as many times and units as labels, 1, not 6 and 6"),
        ({"recordings": [([0.5], [700])] * 6}, "recording 0 must have units 0…699, not 700"),
        ({"recordings": [([0.5, 0.5], [7, -1])] * 6, "kinds": (np.float16, np.int16)},
         "recording 0 must have units 0…699, not -1"),
        ({"recordings": [([-0.5], [7])] * 6}, "recording 0 must have times from 0 on, not -0.5"),
        ({"recordings": [([np.nan], [7])] * 6}, "recording 0 must have times from 0 on, not nan"),
        ({"recordings": [([0.5, 0.7], [7])] * 6},
         r"recording 0 must have one unit a time, not uint16 of shape \(1,\) for \(2,\)"),
        ({"recordings": [], "labels": []}, "must have a recording at least, not none"),
    ],
)  # fmt: skip
def test_what_a_file_must_hold_is_said(folder: Path, changes: Any, message: str) -> None:
    path = folder / "shd_train.h5"
    write(path, **changes)
    with pytest.raises(data.DataError, match=f"^{re.escape(str(path))}:? {message}$"):
        data.read("shd", folder)


def test_a_missing_a_packed_and_a_broken_file_are_named(folder: Path) -> None:
    (folder / "shd_test.h5").rename(folder / "shd_test.h5.gz")
    with pytest.raises(data.DataError) as caught:
        data.read("shd", folder)
    assert str(caught.value) == (
        f"{folder} must hold shd_test.h5, but has none; unpack shd_test.h5.gz there"
    )
    path = folder / "shd_train.h5"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(data.DataError, match=f"^{re.escape(str(path))} must be an HDF5 file with"):
        data.read("shd", folder)
    with h5py.File(path, "w") as file:
        file["labels"] = [0]
    with pytest.raises(data.DataError, match="must be an HDF5 file with labels, spikes/times"):
        data.read("shd", folder)


def test_units_that_dont_divide_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="^units of shd must divide 700, not be 300$"):
        data.read("shd:units=300", folder)
