"""Altered files: taken, or refused with one line that names the file; never anything else.

`SOMAGATE_FUZZ` is how many, 16 where it is not set, and `SOMAGATE_NIR` a folder whose files are
altered too.
"""

import os
import re
import resource
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import somagate as sg
from nir_files import affine, chain, leaky, write
from somagate.imports.files.hdf5 import NirFileError
from somagate.imports.paths import LoweringError

h5py = pytest.importorskip("h5py", reason="h5py is not installed")

COUNT = int(os.environ.get("SOMAGATE_FUZZ", "16"))
FOLDER = os.environ.get("SOMAGATE_NIR")
SECONDS = 60
"""That reading a small file may take at the most, on a machine with other work."""
Rng = np.random.Generator


def good(folder: Path) -> list[Path]:
    """Return files that are whole."""
    rng = np.random.default_rng(3)
    weights = [rng.integers(-16, 33, shape) / 16 for shape in ((6, 8), (3, 6))]
    conv = {"type": "Conv2d", "weight": rng.integers(-8, 9, (2, 1, 3, 3)) / 8, "bias": np.zeros(2),
            "stride": [1, 1], "padding": [1, 1], "dilation": [1, 1], "groups": 1,
            "input_shape": [4, 4]}  # fmt: skip
    flat = {"type": "Flatten", "start_dim": 0, "end_dim": -1}
    chains = {
        "dense": chain(affine(weights[0]), leaky(0.5, shape=(6,)), affine(weights[1]), leaky(0.5),
                       shape=(8,)),
        "maps": chain(conv, leaky(0.5, shape=(2, 4, 4)), flat, affine(np.ones((3, 32))),
                      leaky(0.5, shape=(3,)), shape=(1, 4, 4)),
    }  # fmt: skip
    files = [write(folder / f"{name}.nir", *parts) for name, parts in chains.items()]
    return files + (sorted(Path(FOLDER).glob("*.nir")) if FOLDER else [])


def items(file: Any) -> tuple[list[Any], list[Any]]:
    """Return all datasets and all groups of a file."""
    datasets, groups = [], []
    file.visititems(
        lambda _, found: (datasets if isinstance(found, h5py.Dataset) else groups).append(found)
    )
    return datasets, groups


def alter(rng: Rng, path: Path) -> None:
    """Alter a file: first what HDF5 says it holds, in up to two places, and then its bytes.

    Once its bytes are altered, HDF5's library isn't to be trusted with it in this process.
    """
    fields = int(rng.integers(0, 3))
    if fields:
        with h5py.File(path, "a") as file:
            for _ in range(fields):
                alter_field(rng, file)
    if fields and rng.random() < 0.5:
        return
    data = bytearray(path.read_bytes())
    if rng.random() < 0.2:
        path.write_bytes(data[: int(rng.integers(0, len(data)))])
        return
    for _ in range(int(rng.integers(1, 9))):
        data[int(rng.integers(0, len(data)))] = int(rng.integers(0, 256))
    path.write_bytes(data)


def alter_field(rng: Rng, file: Any) -> None:
    """Alter one dataset or group of a file."""
    datasets, groups = items(file)
    if not datasets or not groups:
        return
    chosen = datasets[int(rng.integers(len(datasets)))]
    name, value = chosen.name, chosen[()]
    kind = int(rng.integers(0, 10))
    if kind == 0:
        del file[name]
        return
    if kind == 1:
        del file[groups[int(rng.integers(len(groups)))].name]
        return
    if kind == 2:
        where = f"{groups[int(rng.integers(len(groups)))].name}/more{int(rng.integers(1000))}"
        file[where] = file[groups[0].name]  # a hard link, maybe in a circle
        return
    if kind == 3:
        del file[name]
        file[name] = h5py.ExternalLink("/etc/passwd", "/")
        return
    other: Any = {
        4: np.nan, 5: "text", 6: np.zeros((0,)), 7: np.full((3, 1), 1e38), 8: -1,
        9: [[1, 2], [3, 4]],
    }[kind]  # fmt: skip
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size and kind in (4, 7):
        other = value.copy()
        other.flat[int(rng.integers(other.size))] = np.inf if kind == 7 else np.nan
    del file[name]
    file[name] = other


@pytest.mark.parametrize("part", range(4))
def test_an_altered_file_is_taken_or_refused_by_name(tmp_path: Path, part: int) -> None:
    files, outcomes = good(tmp_path), {"taken": 0, "refused": 0}
    for number in range(part, COUNT, 4):
        rng = np.random.default_rng(number)
        path = tmp_path / "altered.nir"
        shutil.copy(files[number % len(files)], path)
        alter(rng, path)
        start = time.monotonic()
        try:
            sg.from_nir(path, steps=8, source="snntorch", reset="zero")
        except NirFileError as error:
            assert re.match(re.escape(str(path)), str(error)), (number, str(error))
            assert "\n" not in str(error) and len(str(error)) < 2000, number
            outcomes["refused"] += 1
        except LoweringError as error:
            assert str(error).startswith(("layer ", "node ")), (number, str(error))
            outcomes["refused"] += 1
        else:
            outcomes["taken"] += 1
        assert time.monotonic() - start < SECONDS, number
    assert outcomes["refused"]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak < 4 << 20, f"reading takes at most 4 GiB, not {peak} KiB"
