"""The tables' file: one `.safetensors` file of typed arrays, with the graph in its metadata.

The graph is the dataclass tree as canonical JSON, with a name in place of each array. Its metadata
entry also holds the schema version and a SHA-256 over graph and arrays, so a file cut short or
altered is told from one of ours. Nothing in a file is ever executed: there is no pickle.
"""

import hashlib
import json
from dataclasses import Field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as encode

from ..checks.files import write
from .arrays_file import Arrays, contents, entry, short
from .layer import Input, Layer, Pool
from .neuron import Activation, Current, Leak, Neuron, Shift, Ternary
from .readout import Readout
from .synapse import Convolution, Dense, Identity

SCHEMA = 1
SOURCE = "somagate.source"
"""The metadata entry of what is kept beside the contents, and isn't in their hash."""
CLASSES = {
    cls.__name__: cls
    for cls in (
        *(Input, Layer, Pool, Readout, Activation, Current, Leak, Neuron, Shift, Ternary),
        *(Convolution, Dense, Identity),
    )
}
"""What a tree is made of, below its root."""
DTYPES = {"weights": np.dtype(np.int8), "channel_mask": np.dtype(np.bool_)}
"""By field; every other array is int32."""
LATER: dict[str, dict[str, Any]] = {
    "Leak": {"rounding": "down"},
    "Pool": {"of": "spikes"},
    "Neuron": {"mask_negative": False, "gain": 0, "lower_bound": None, "spike_bits": 1}
    | {"current": None},
    "Readout": {"over": "last", "voters": 1},
    **dict.fromkeys(("Convolution", "Dense", "Identity"), {"delay": 0}),
}
"""By class, fields that came after the first files, and what these mean.

A field that holds just that is left out, so the same tables have the same bytes as ever.
"""

Root = TypeVar("Root")


class TablesFileError(ValueError):
    """A file that does not hold tables; one line that names the file and what is wrong."""


def digest(tree: Any) -> str:
    """Return the SHA-256 over the contents of a tree, hexadecimal: equal trees, equal hash."""
    arrays: Arrays = {}
    graph = _flatten(tree, "", arrays)
    return _sha256(graph, _Typed(arrays))


def save(tree: Any, path: Path | str, *, overwrite: bool = True) -> None:
    """Write a tree to `path`, whole or not at all; the same tree gives the same bytes.

    Raises
    ------
    FileExistsError
        Without `overwrite`, where something is there.
    """
    arrays: Arrays = {}
    graph = _flatten(tree, "", arrays)
    arrays = {place: _typed(place, array) for place, array in arrays.items()}
    document = {"schema": SCHEMA, "sha256": _sha256(graph, arrays), "graph": graph}
    metadata = {"somagate.tables": _canonical(document)}
    if getattr(tree, "source", None) is not None:
        metadata[SOURCE] = _canonical(tree.source)
    contents = encode(arrays, metadata)
    write(Path(path), contents, overwrite=overwrite)


def read_tree(path: Path | str, root: type[Root]) -> Root:
    """Read a tree that `save` wrote, of a class of which only the root is one: `Tables`.

    Raises
    ------
    TablesFileError
        Where the file is not such a file, or is altered, or of a newer schema.
    OSError
        Where it can't be read.
    """
    path = Path(path)
    try:
        metadata, arrays = contents(path)
        beside = metadata.pop(SOURCE, None)
        tree = _tree(entry(metadata, "somagate.tables"), arrays, root)
        if beside is not None:
            object.__setattr__(tree, "source", entry({SOURCE: beside}, SOURCE))
        return tree
    except (TypeError, ValueError, RecursionError) as error:
        raise TablesFileError(f"{path}: {short(' '.join(str(error).split()))}") from None


def _typed(place: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return an array in the type that it has in a file."""
    dtype = DTYPES.get(place.split(".")[-1], np.dtype(np.int32))
    return array.astype(dtype, order="C", copy=False)


class _Typed(dict[str, NDArray[Any]]):
    """Arrays that are brought to the type of a file when they are asked for, one at a time."""

    def __getitem__(self, place: str) -> NDArray[Any]:
        return _typed(place, super().__getitem__(place))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _sha256(graph: Any, arrays: Arrays) -> str:
    contents = hashlib.sha256(_canonical(graph).encode())
    for name in sorted(arrays):
        array = arrays[name]
        contents.update(_canonical([name, array.dtype.str, array.shape]).encode())
        contents.update(array.reshape(-1).view(np.uint8).data)
    return contents.hexdigest()


def _own(tree: Any) -> list[Field[Any]]:
    """Return the fields that are contents, without those kept beside them."""
    return [field for field in fields(tree) if not field.metadata.get("beside")]


def _flatten(value: Any, place: str, arrays: Arrays) -> Any:
    """Return `value` as JSON can hold it, and put its arrays into `arrays` by their place."""
    if is_dataclass(value) and not isinstance(value, type):
        graph: dict[str, Any] = {"class": type(value).__name__}
        later = LATER.get(graph["class"], {})
        for field in _own(value):
            member = getattr(value, field.name)
            if field.name in later and not isinstance(member, np.ndarray):
                if member == later[field.name]:
                    continue
            inner = f"{place}.{field.name}" if place else field.name
            graph[field.name] = _flatten(member, inner, arrays)
        return graph
    if isinstance(value, tuple):
        names = [getattr(element, "name", index) for index, element in enumerate(value)]
        return [
            _flatten(element, f"{place}.{name}", arrays)
            for name, element in zip(names, value, strict=True)
        ]
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return {"array": place}
    return value


def _tree(document: dict[str, Any], arrays: Arrays, root: type[Root]) -> Root:
    # The schema comes first: of a newer one, nothing else is known.
    if type(document.get("schema")) is not int or document["schema"] != SCHEMA:
        raise ValueError(
            f"schema must be {SCHEMA}, which this version reads, not {document.get('schema')!r}"
        )
    if set(document) != {"schema", "sha256", "graph"}:
        raise ValueError(f"metadata must hold graph, schema and sha256, not {sorted(document)}")
    found = _sha256(document["graph"], arrays)
    if document["sha256"] != found:
        raise ValueError(
            f"SHA-256 must be {document['sha256']!r}, but the contents have {found}; "
            "the file is altered"
        )
    # Each array goes as its place in the tree is filled, or large weights would be there thrice.
    tree = _build(document["graph"], "", arrays, CLASSES | {root.__name__: root})
    if not isinstance(tree, root):
        raise TypeError(f"graph must be {root.__name__}")
    if arrays:
        raise ValueError(f"arrays must all be in the graph, not {sorted(arrays)} besides")
    if digest(tree) != found:
        raise ValueError("graph must name each array by its place, with its own dtype")
    return tree


def _build(graph: Any, place: str, arrays: Arrays, classes: dict[str, Any]) -> Any:
    """Undo `_flatten`; takes the arrays it uses out of `arrays`."""
    if isinstance(graph, list):
        return tuple(_build(element, place, arrays, classes) for element in graph)
    if not isinstance(graph, dict):
        return graph
    if set(graph) == {"array"}:
        if not isinstance(graph["array"], str) or graph["array"] not in arrays:
            raise ValueError(f"array {graph['array']!r} must be in the file once")
        return arrays.pop(graph["array"])
    name = graph.get("class", "")
    cls = classes.get(name) if isinstance(name, str) else None
    if cls is None:
        raise ValueError(f"class of {place or 'graph'} must be one of {sorted(classes)}")
    later = LATER.get(cls.__name__, {})
    for name, value in later.items():
        if name in graph and graph[name] == value:
            raise ValueError(f"{cls.__name__} {name} must be left out where it is {value}")
    wanted = {"class", *(field.name for field in _own(cls) if field.name not in later)}
    if set(graph) - set(later) != wanted:
        missing, unknown = sorted(wanted - set(graph)), sorted(set(graph) - wanted - set(later))
        raise ValueError(
            f"{cls.__name__} must have its own fields, not {unknown} besides and {missing} missing"
        )
    return cls(
        **{name: _build(graph[name], name, arrays, classes) for name in set(graph) - {"class"}}
    )
