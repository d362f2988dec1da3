"""The file of an exploration: one SQLite database, with a row a point.

`points` has a row for each plan, `networks` one for each choice of bits, with its tables, and
`settings` what was asked for; `front` is a view of the points that none beats. What is finished is
committed at once, so a file that was left at any moment can be gone on with. Nothing in it depends
on when, where or by how many workers it was made.
"""

import errno
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ...checks.files import held
from ...export.tables import Tables
from .figures import Row
from .networks import Measured
from .setting import Network

FORMAT = "somagate explore 1"
"""What the setting 'format' says."""

_POINTS = {
    "number": "INTEGER PRIMARY KEY",
    "target": "TEXT NOT NULL",
    "network": "INTEGER NOT NULL",
    "weight_bits": "TEXT",
    "state_bits": "TEXT",
    "accuracy": "REAL",
    "additions_per_image": "REAL",
    "stages": "INTEGER",
    "arrays": "INTEGER",
    "adders": "INTEGER",
    "word_bits": "INTEGER",
    "replicas": "INTEGER",
    "fits": "INTEGER",
    "why_not": "TEXT",
    "logic_cells": "INTEGER",
    "logic_share": "REAL",
    "flip_flops": "INTEGER",
    "block_rams": "INTEGER",
    "block_ram_share": "REAL",
    "large_rams": "INTEGER",
    "rough_cycles_per_image": "REAL",
    "rough_latency_cycles": "REAL",
    "exact_cycles_per_image": "REAL",
    "exact_latency_cycles": "REAL",
    "cycles_per_image": "REAL",
    "cycles_from": "TEXT",
    "images_per_second": "REAL",
    "front": "INTEGER",
    "verified": "TEXT",
    "verified_samples": "INTEGER",
    "verified_cycles_per_image": "REAL",
    "built": "TEXT",
    "fmax_mhz": "REAL",
    "plan": "TEXT NOT NULL",
}
_NETWORKS = {
    "number": "INTEGER PRIMARY KEY",
    "weight_bits": "TEXT",
    "state_bits": "TEXT",
    "samples_right": "INTEGER",
    "accuracy": "REAL",
    "additions": "TEXT",
    "sha256": "TEXT",
    "tables": "BLOB",
}

_OPTIONS = {"spikes": "--data/--activity", "measured": "--data/--samples", "samples": "--data"}
"""What settings are given as, where their names don't tell it."""


class StoreError(RuntimeError):
    """A file that is no exploration, is another one, or is in use; a sentence that says which."""


class Store:
    """The file, while this process holds it.

    Parameters
    ----------
    connection
        To the database.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.row_factory = sqlite3.Row

    def rows(self, where: str = "1", order: str = "number") -> list[Row]:
        """Return points as dictionaries, by their number."""
        found = self._connection.execute(f"SELECT * FROM points WHERE {where} ORDER BY {order}")
        return [dict(row) for row in found]

    def add(self, rows: Iterable[Row]) -> None:
        """Add points."""
        with self._connection:
            for row in rows:
                names = ", ".join(row)
                marks = ", ".join("?" * len(row))
                self._connection.execute(
                    f"INSERT INTO points ({names}) VALUES ({marks})", tuple(row.values())
                )

    def change(self, changes: Mapping[int, Row]) -> None:
        """Set columns of points, by their numbers."""
        with self._connection:
            for number, row in changes.items():
                names = ", ".join(f"{name} = ?" for name in row)
                self._connection.execute(
                    f"UPDATE points SET {names} WHERE number = ?", (*row.values(), number)
                )

    def measured(self) -> dict[int, Measured]:
        """Return what was measured of networks, by their numbers."""
        found = self._connection.execute("SELECT number, samples_right, additions FROM networks")
        return {
            row["number"]: Measured(
                right=row["samples_right"],
                additions={n: (a, b) for n, (a, b) in json.loads(row["additions"]).items()},
            )
            for row in found
        }

    def add_network(self, number: int, measured: Measured) -> None:
        """Add what was measured of a network."""
        with self._connection:
            self._connection.execute(
                "INSERT INTO networks (number, samples_right, additions) VALUES (?, ?, ?)",
                (number, measured.right, json.dumps(measured.additions)),
            )

    def keep_networks(self, networks: Sequence[Network]) -> None:
        """Keep networks with their tables, where they aren't there yet."""
        kept = self._connection.execute("SELECT number FROM networks WHERE tables IS NOT NULL")
        known = {row["number"] for row in kept}
        with self._connection:
            for network in networks:
                if network.number in known:
                    continue
                values = {
                    "weight_bits": network.weight_bits,
                    "state_bits": network.state_bits,
                    "accuracy": network.accuracy,
                    "sha256": network.tables.sha256,
                    "tables": _contents(network.tables),
                }
                self._connection.execute(
                    "INSERT OR IGNORE INTO networks (number, additions) VALUES (?, ?)",
                    (network.number, json.dumps(network.additions)),
                )
                names = ", ".join(f"{name} = ?" for name in values)
                self._connection.execute(
                    f"UPDATE networks SET {names} WHERE number = ?",
                    (*values.values(), network.number),
                )

    def tables(self, number: int) -> bytes:
        """Return the tables of a network, as a file holds them."""
        found = self._connection.execute("SELECT tables FROM networks WHERE number = ?", (number,))
        return bytes(found.fetchone()[0])


def _contents(tables: Tables) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tables.safetensors")
        tables.save(path)
        return path.read_bytes()


@contextmanager
def opened(path: Path, settings: Mapping[str, str], *, anew: bool = False) -> Iterator[Store]:
    """Yield the file of an exploration, new or with what is in it, which no other process holds.

    Parameters
    ----------
    path
        Made where it isn't there.
    settings
        What the exploration depends on, by name; those of a file that is there must be the same.
    anew
        Begin an exploration that is there anew.

    Raises
    ------
    StoreError
        Where another process is at it, it is no such file, or it is of other settings.
    IsADirectoryError
        Where it is a folder.
    """
    _no_folder(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    try:
        with held(path):
            if anew and path.stat().st_size:
                _cleared(path)
            connection = sqlite3.connect(path)
            try:
                _made(connection, path, {"format": FORMAT, **settings})
                yield Store(connection)
            finally:
                connection.close()
    except BlockingIOError:
        raise StoreError(
            f"{path} must be explored into by one at a time, but another process is at it; wait "
            "for it, or name another file with --out"
        ) from None


@contextmanager
def reading(path: Path) -> Iterator[tuple[Store, dict[str, str]]]:
    """Yield the file of an exploration that is there, and its settings, to read only.

    What a writer that was killed had not finished is undone.

    Raises
    ------
    StoreError
        Where it is no such file.
    IsADirectoryError
        Where it is a folder.
    FileNotFoundError
        Where there is none.
    """
    _no_folder(path)
    if not path.is_file():
        raise FileNotFoundError(2, "No such file", str(path))
    # Read only, SQLite could not undo a transaction that was cut off.
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)
    try:
        settings = _settings(connection, path)
        yield Store(connection), {n: value for n, value in settings.items() if n != "format"}
    finally:
        connection.close()


def _no_folder(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))


def _made(connection: sqlite3.Connection, path: Path, wanted: Mapping[str, str]) -> None:
    """Make the tables of a new file, or compare the settings of one that is there."""
    with suppress(sqlite3.DatabaseError):  # whatever was cut off is undone by the first look
        connection.execute("SELECT name FROM sqlite_master").fetchall()
    if path.stat().st_size == 0:
        with connection:
            connection.execute("BEGIN")  # so that a file has all of this, or nothing
            for name, columns in (("points", _POINTS), ("networks", _NETWORKS)):
                told = ", ".join(f"{column} {kind}" for column, kind in columns.items())
                connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({told})")
            connection.execute("CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT)")
            connection.execute(
                "CREATE VIEW front AS SELECT * FROM points WHERE front = 1 "
                "ORDER BY target, cycles_per_image"
            )
            connection.executemany("INSERT INTO settings VALUES (?, ?)", wanted.items())
        return
    found = _settings(connection, path)
    for name, value in wanted.items():
        if found.get(name) != value:
            told = _OPTIONS.get(name, name)
            raise StoreError(
                f"{path} must be of {told} {value} to go on with, not {found.get(name)}: name "
                "another file with --out, or give --force to begin anew"
            )


def _cleared(path: Path) -> None:
    """Empty the file of an exploration; no other is touched."""
    connection = sqlite3.connect(path)
    try:
        _settings(connection, path)
    finally:
        connection.close()
    path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
    path.write_bytes(b"")


def _settings(connection: sqlite3.Connection, path: Path) -> dict[str, str]:
    try:
        found = dict(connection.execute("SELECT name, value FROM settings").fetchall())
    except sqlite3.DatabaseError:
        found = {}
    if found.get("format") != FORMAT:
        raise StoreError(
            f"{path} must be a file that `somagate explore` wrote, but has no settings of it"
        )
    return found
