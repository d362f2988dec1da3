"""Arrays and JSON in a `.safetensors` file, checked before anything is allocated."""

import json
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

LARGEST_BYTES = 1 << 30
LARGEST_HEADER_BYTES = 1 << 24
LONGEST_MESSAGE = 400
KINDS = ("I8", "I16", "I32", "I64", "BOOL")

Arrays = dict[str, NDArray[Any]]


def read(
    path: Path, key: str, largest: int = LARGEST_BYTES, allowed: tuple[str, ...] = KINDS
) -> tuple[dict[str, Any], Arrays]:
    """Return the JSON object in the metadata entry `key`, and all arrays, of a `.safetensors` file.

    The file has at most `largest` bytes, and arrays of an `allowed` kind; raises `ValueError`
    where something does not hold.
    """
    metadata, arrays = contents(path, largest, allowed)
    return entry(metadata, key), arrays


def contents(
    path: Path, largest: int = LARGEST_BYTES, allowed: tuple[str, ...] = KINDS
) -> tuple[dict[str, str], Arrays]:
    """Return the metadata and all arrays of a `.safetensors` file.

    Sizes are checked against the file's own, of at most `largest` bytes, before anything is
    allocated.
    """
    size = path.stat().st_size
    if not 8 <= size <= largest:
        raise ValueError(f"file must have 8…{largest} bytes, not {size}")
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
        if header > min(size - 8, LARGEST_HEADER_BYTES):
            raise ValueError(
                f"header must have at most {min(size - 8, LARGEST_HEADER_BYTES)} bytes, "
                f"not {header}; the file is cut short, or not a .safetensors file"
            )
        _object(file.read(header), "header")
    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            names = file.keys()
            kinds = {name: file.get_slice(name).get_dtype() for name in names}
            wrong = {name: kind for name, kind in kinds.items() if kind not in allowed}
            arrays = {} if wrong else {name: file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise ValueError(f"not a whole .safetensors file: {error}") from None
    if wrong:
        raise ValueError(f"arrays must hold {', '.join(allowed)}, not {wrong}")
    return metadata, arrays


def entry(metadata: dict[str, str], key: str) -> dict[str, Any]:
    """Return the JSON object in the only entry of metadata."""
    if list(metadata) != [key]:
        raise ValueError(f"metadata must have the entry {key!r} alone, not {sorted(metadata)}")
    found = _object(metadata[key], f"metadata {key!r}")
    if found is None:
        raise ValueError(f"metadata {key!r} must hold a JSON object, not {metadata[key][:40]!r}")
    return found


def _object(text: str | bytes, place: str) -> dict[str, Any] | None:
    """Return the JSON object in a text, or None; no name in it may be there twice."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise _TwiceError(f"{place} must hold each name once, not {short(twice)!r} twice")
        return found

    try:
        found = json.loads(text, object_pairs_hook=unique)
    except _TwiceError:
        raise
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


class _TwiceError(ValueError):
    pass


def short(text: str) -> str:
    """Return a message without the middle of what is long in it."""
    if len(text) <= LONGEST_MESSAGE:
        return text
    half = LONGEST_MESSAGE // 2
    return f"{text[:half]} … {text[-half:]}"
