"""An HDF5 file from elsewhere, read with suspicion; see `somagate.imports.files.hdf5_child`.

A file may name other files, hold itself, claim arrays of any size, or be cut short. Each of these
is one `NirFileError` that names the place in the file.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from safetensors import safe_open

from ..floats import Floats, floats

CHILD = Path(__file__).with_name("hdf5_child.py")
LARGEST_FILE = 1 << 30
"""Bytes."""
LONGEST_TEXT = 200
SECONDS = 20.0
"""That a small file may take, and one more for each `BYTES_A_SECOND`."""
BYTES_A_SECOND = 20_000_000


class NirFileError(ValueError):
    """A file that isn't a network we take; one line naming file, place and what would be right."""


def read(path: Path, seconds: float = SECONDS) -> "Fields":
    """Return the root of a file, of which everything that matters has been read.

    Raises
    ------
    NirFileError
        Where it is no HDF5 file, or too large, or broken.
    OSError
        Where it can't be read at all.
    ModuleNotFoundError
        Where h5py isn't installed.
    """
    if find_spec("h5py") is None:
        raise ModuleNotFoundError("No module named 'h5py'", name="h5py")
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    size = path.stat().st_size
    with path.open("rb"):
        pass  # the system's own error, which names the file
    if not 1 <= size <= LARGEST_FILE:
        raise NirFileError(f"{path}: file must have 1…{LARGEST_FILE} bytes, not {size}")
    whole = f"{path}: must be a whole HDF5 file, but is cut short, altered or something else"
    with TemporaryDirectory() as folder:
        out = Path(folder) / "tree.safetensors"
        command = [sys.executable, "-P", str(CHILD), str(path.absolute()), str(out)]
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=seconds + size / BYTES_A_SECOND, check=False
            )
        except subprocess.TimeoutExpired:
            raise NirFileError(f"{whole}: reading it never ends") from None
        if done.returncode or not out.exists():
            text = done.stderr.decode("utf-8", "replace") if done.returncode == 3 else "unreadable"
            raise NirFileError(f"{whole}: {short(text)}")
        with safe_open(out, "numpy") as file:
            tree = json.loads((file.metadata() or {})["tree"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}
    return Fields(tree, arrays, str(path))


class Fields:
    """A group of a file; errors begin with `place`: the file, and what the group is called."""

    def __init__(
        self, tree: dict[str, Any], arrays: dict[str, Any], file: str, called: str = ""
    ) -> None:
        self._tree = tree
        self._arrays = arrays
        self._file = file
        self._called = called
        self.place = f"{file}: {called}" if called else file

    def __contains__(self, name: str) -> bool:
        return any(name in entries for entries in self._kinds().values())

    def _kinds(self) -> dict[str, dict[str, Any]]:
        self._sound()
        return {kind: entries for kind, entries in self._tree.items() if kind != "whole"}

    def _sound(self) -> None:
        if self._tree["whole"]:
            raise self.error(self._tree["whole"])

    def error(self, text: str) -> NirFileError:
        """Return an error about this group."""
        return NirFileError(f"{self.place}: {text}")

    def names(self) -> list[str]:
        """Return the names in the group, sorted."""
        return sorted({name for entries in self._kinds().values() for name in entries})

    def group(self, name: str, called: str | None = None) -> "Fields":
        """Return the group `name`; `called` says what it is, in errors."""
        found = self._found("groups", name, "a group")
        return Fields(found, self._arrays, self._file, called or self._called)

    def is_text(self, name: str) -> bool:
        """Whether there is a string `name`."""
        return name in self._tree["texts"]

    def text(self, name: str) -> str:
        """Return a string."""
        return str(self._found("texts", name, "a string"))

    def texts(self, name: str, columns: int) -> list[tuple[str, ...]]:
        """Return rows of so many strings each."""
        if name in self._tree["arrays"] and not self._arrays[self._tree["arrays"][name]].size:
            return []
        rows = [tuple(row) for row in self._found("rows", name, f"rows of {columns} names")]
        for row in rows:
            if len(row) != columns:
                raise self.error(f"{name} must be rows of {columns} names, not of {len(row)}")
        return rows

    def numbers(self, name: str, dims: tuple[int, ...]) -> Floats:
        """Return finite numbers with a number of axes in `dims`."""
        value = self._arrays[self._found("arrays", name, "numbers")]
        try:
            return floats(name, value, dims)
        except ValueError as error:
            raise self.error(str(error)) from None

    def integers(self, name: str, dims: tuple[int, ...]) -> tuple[int, ...]:
        """Return whole numbers, flat."""
        values = self.numbers(name, dims).reshape(-1)
        if len(values) > 16 or any(value != round(value) or abs(value) > 2**31 for value in values):
            raise self.error(f"{name} must be a few whole numbers, not {short(str(values))}")
        return tuple(int(value) for value in values)

    def _found(self, kind: str, name: str, what: str) -> Any:
        self._sound()
        if name in self._tree["errors"]:
            raise self.error(self._tree["errors"][name])
        if name in self._tree[kind]:
            return self._tree[kind][name]
        if name in self:
            raise self.error(f"{name} must be {what}, not something else")
        raise self.error(f"{name} must be there; there is {short(', '.join(self.names()))}")


def short(text: str) -> str:
    """Return a text of at most `LONGEST_TEXT` characters."""
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
