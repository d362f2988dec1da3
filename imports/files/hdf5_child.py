"""Reads an HDF5 file from elsewhere in a process of its own, which may crash or never end.

`python -P hdf5_child.py FILE OUT` writes what a NIR file can hold to OUT, a `.safetensors` file:
arrays by their place, and in its metadata a tree of groups, with strings, and the reason of
whatever can't be read. HDF5's library follows a broken file into endless loops and into memory that
isn't its own; `somagate.imports.files.hdf5` waits for this process no longer than the file's size
allows.

What is read is bounded: only NIR's own fields, no links, sizes checked before anything is
allocated.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

LARGEST_ARRAY = 1 << 26
"""Elements of an array, or of a chunk that it is stored in."""
LARGEST_TOTAL = 1 << 27
"""Elements of all arrays together: 1 GiB in float64."""
LONGEST_TEXT = 200
MOST_NAMES = 4096
"""Of nodes in a graph; edges may be 16 times as many."""
DEEPEST = 8
"""Graphs in each other."""
MEMORY_BYTES = 6 << 30
"""That this process may take."""
FIELDS = frozenset(
    "type version nodes edges weight bias stride padding dilation groups kernel_size start_dim "
    "end_dim shape scale delay r tau tau_mem tau_syn v_leak v_threshold v_reset w_in node metadata "
    "somagate".split()
)

Arrays = dict[str, NDArray[Any]]


class _RefusedError(ValueError):
    """Something in the file that isn't sound; the text is about the field."""


def tree(file: h5py.File) -> tuple[dict[str, Any], Arrays]:
    """Return a file as a tree and its arrays.

    A tree has 'groups' (trees by name), 'texts', 'rows' (of strings), 'arrays' (their place),
    'errors' (the reason why something wasn't read) and 'others' (that aren't read), each by name.
    """
    arrays: Arrays = {}
    return _group(file, arrays, [], 0), arrays


def _group(group: h5py.Group, arrays: Arrays, visited: list[int], depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        kind: {} for kind in ("groups", "texts", "rows", "arrays", "errors", "others", "whole")
    }
    if len(visited) > MOST_NAMES:
        raise _RefusedError(f"all groups together must be at most {MOST_NAMES}, not more")
    visited.append(depth)
    if len(group) > MOST_NAMES:
        made["whole"] = f"must hold at most {MOST_NAMES} names, not {len(group)}"
        return made
    for name in group:
        if not isinstance(name, str) or len(name) > LONGEST_TEXT or not name.isprintable():
            made["whole"] = f"names must be {LONGEST_TEXT} printable characters, not {name!r:.200}"
            return made
        # Nodes bear any name; in a node, only NIR's own fields are looked at, others are named.
        if name not in FIELDS and not group.name.endswith("/nodes"):
            made["others"][name] = True
            continue
        try:
            _entry(group, name, arrays, visited, depth, made)
        except _RefusedError as error:
            made["errors"][name] = str(error)
        except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError) as error:
            text = " ".join(str(error).split())[:LONGEST_TEXT]
            why = "the file is cut short or altered"
            made["errors"][name] = f"{name} can't be read, as {why}: {text}"
    return made


def _entry(
    group: h5py.Group,
    name: str,
    arrays: Arrays,
    visited: list[int],
    depth: int,
    made: dict[str, Any],
) -> None:
    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        what = "another file" if isinstance(link, h5py.ExternalLink) else "another place"
        raise _RefusedError(f"{name} must be in the file itself, not a link to {what}")
    found = group[name]
    if isinstance(found, h5py.Group):
        if depth >= 2 * DEEPEST:
            raise _RefusedError(f"graphs must lie in each other at most {DEEPEST} deep, not deeper")
        made["groups"][name] = _group(found, arrays, visited, depth + 1)
    elif isinstance(found, h5py.Dataset):
        _check(found, name, arrays)
        if found.dtype.kind not in "OS":
            arrays[found.name] = np.ascontiguousarray(found[()])
            made["arrays"][name] = found.name
        elif found.ndim == 0:
            made["texts"][name] = _text(name, found[()])
        else:
            rows = [[_text(name, cell) for cell in np.atleast_1d(row)] for row in found[()]]
            made["rows"][name] = rows
    else:
        raise _RefusedError(f"{name} must be an array or a group, not {type(found).__name__}")


def _text(name: str, value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise _RefusedError(f"{name} must hold strings of at most {LONGEST_TEXT} characters")
    return text


def _check(found: h5py.Dataset, name: str, arrays: Arrays) -> None:
    """Raise where the kind or the size of an array isn't sound; nothing of it is read yet."""
    if found.external or found.is_virtual:
        raise _RefusedError(f"{name} must be in the file itself, not in another file")
    kind = found.dtype.kind
    if kind not in "fiuOS" or (kind == "O" and h5py.check_string_dtype(found.dtype) is None):
        raise _RefusedError(f"{name} must be numbers or strings, not {str(found.dtype)[:100]}")
    if found.shape is None:
        raise _RefusedError(f"{name} must not be empty")
    chunk = int(np.prod(found.chunks or (1,), dtype=object))
    size = int(np.prod(found.shape, dtype=object))
    most = LARGEST_ARRAY if kind not in "OS" else 32 * MOST_NAMES
    if size > most or chunk > LARGEST_ARRAY or found.dtype.itemsize > 4096:
        raise _RefusedError(
            f"{name} must have at most {most} elements, not shape {found.shape}"
            + (f" in chunks of {found.chunks}" if found.chunks else "")
        )
    total = sum(array.size for array in arrays.values()) + size
    if total > LARGEST_TOTAL:
        raise _RefusedError(f"all arrays together must have at most {LARGEST_TOTAL} elements")


def main() -> None:
    """Read the file named first, and write what it holds to the one named second."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with h5py.File(sys.argv[1], "r", locking=False) as file:
            found, arrays = tree(file)
    except (OSError, RuntimeError, KeyError, ValueError, MemoryError) as error:
        sys.stderr.write(" ".join(str(error).split())[:LONGEST_TEXT])
        sys.exit(3)
    save_file(arrays, Path(sys.argv[2]), {"tree": json.dumps(found)})


if __name__ == "__main__":
    main()
