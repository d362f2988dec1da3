"""A data set that was read, in one `.npz` file, where it was asked for."""

import hashlib
import json
from dataclasses import asdict, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ..checks.files import replacing
from .leftovers import matching
from .record import Boxes, DataError, DataSet
from .request import Request

FORMAT = "somagate data set 1"


def key(request: Request, kept: Path | None = None) -> str:
    """Return what the contents of a cache hang on: the request, and its folder's files.

    A file counts with its path in the folder and its size in bytes; the cache `kept` does not.
    """
    own = None if kept is None else kept.resolve()
    digest = hashlib.sha256(request.title.encode())
    if request.folder is not None:
        for path in sorted(path for path in matching(request.folder, "**/*") if path.is_file()):
            if path.resolve() == own:
                continue
            name = path.relative_to(request.folder).as_posix()
            digest.update(f"\n{path.stat().st_size} {name}".encode())
    return digest.hexdigest()


def save(data: DataSet, wanted: str, path: Path) -> None:
    """Write a data set, with its key, compressed."""
    values = {field.name: getattr(data, field.name) for field in fields(data)}
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    for name, value in values.items():
        if isinstance(value, Boxes):
            arrays |= {f"{name}.{part}": array for part, array in asdict(value).items()}
    plain = {n: v for n, v in values.items() if not isinstance(v, np.ndarray | Boxes)}
    head = json.dumps({"format": FORMAT, "key": wanted, **plain})
    with replacing(path) as part, part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, head=np.array(head), **arrays)


def read(wanted: str, path: Path) -> DataSet:
    """Return the data set that `save` wrote.

    Raises
    ------
    DataError
        Where the file is not a cache, or is one of other files or options.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = dict(file)
        head = json.loads(str(arrays.pop("head")))
        right = head.pop("format") == FORMAT
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile) as error:
        raise DataError(
            f"{path} must be a cache of a data set, but can't be read: {error}; delete it"
        ) from None
    if not right or head.pop("key") != wanted:
        raise DataError(
            f"{path} must be a cache of the same data set, files and options, but is of others; "
            "delete it, or name another"
        )
    boxes = {
        split: Boxes(
            samples=int(arrays.pop(f"{split}.samples")),
            sample=arrays.pop(f"{split}.sample"),
            label=arrays.pop(f"{split}.label"),
            place=arrays.pop(f"{split}.place"),
        )
        for split in ("train_boxes", "test_boxes")
        if f"{split}.samples" in arrays
    }
    head["class_names"] = tuple(head["class_names"])
    return DataSet(**{**head, **arrays, **boxes})
