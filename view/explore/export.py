"""A point of an exploration's file as files for the other verbs: its plan, and its tables."""

import json
import tempfile
from pathlib import Path

from ...checks.files import write
from ...export.tables import Tables
from ...hw.plan import plan_file
from .store import reading


def saved(file: Path, number: int, folder: Path, *, overwrite: bool) -> dict[str, Path]:
    """Write a point's plan, and its tables where they are others than those that were explored.

    Parameters
    ----------
    file
        Of the exploration.
    number
        Of the point.
    folder
        Where the files get the exploration's name and the number.
    overwrite
        Replace files that are there.

    Returns
    -------
    dict
        Paths: 'plan', and 'tables' where they are others.

    Raises
    ------
    ValueError
        Where there is no such point.
    StoreError, FileExistsError
        Where the file is none, or something is in the way.
    """
    with reading(file) as (store, _):
        rows = store.rows()
        row = next((row for row in rows if row["number"] == number), None)
        if row is None:
            raise ValueError(f"point must be 0…{len(rows) - 1} of {file}, not {number}")
        contents = store.tables(row["network"])
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "tables.safetensors")
        path.write_bytes(contents)
        tables = Tables.load(path)
    stem = f"{file.stem}-{number}"
    found = {"plan": folder / f"{stem}.toml"}
    if row["network"]:
        found["tables"] = folder / f"{stem}.safetensors"
    for path in found.values():
        if path.exists() and not overwrite:
            raise FileExistsError(f"{path} must not exist yet, or be overwritten on purpose")
    plan = plan_file.from_dict(json.loads(row["plan"]), tables)
    plan_file.save(plan, found["plan"], overwrite=overwrite)
    if row["network"]:
        write(found["tables"], contents, overwrite=overwrite)
    return found
