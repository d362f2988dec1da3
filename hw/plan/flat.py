"""How maps are stored: rows of words; and flat maps, which are one row of all their elements.

An input that only dense layers read is flat: such a layer's receptive field is the whole map, so
nothing needs its rows and columns apart. A map of rows would pad each of them to whole words, and
its channels to a multiple of the banks; a flat one fills its words, and shares out its elements
over the banks. They lie in the order of the tables, channel by channel, row by row; those of pruned
channels are left out.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.synapse import Dense
from ...export.tables import Tables
from .descriptor import Map, as_map


def is_flat(tables: Tables, name: str) -> bool:
    """Return whether the map of 'input' or of a layer is stored flat."""
    return name == "input" and all(
        isinstance(group, Dense)
        for layer in tables.layers
        for group in layer.synapses
        if group.source == name
    )


def stored_shape(tables: Tables, name: str, kept: int) -> tuple[int, int, int]:
    """Return (channels, rows, columns) of a map as it is stored, of so many kept channels.

    Each element of a flat map is a channel of its own.
    """
    _, rows, columns = as_map(tables.map_shapes[name])
    return (kept * rows * columns, 1, 1) if is_flat(tables, name) else (kept, rows, columns)


def stored(tables: Tables, name: str, order: NDArray[np.int64], maps: NDArray[Any]) -> NDArray[Any]:
    """Return maps (count, *map shape) as they are stored, (count, *`stored_shape`).

    `order` has the kept channels, as they are laid out.
    """
    kept = maps.reshape(len(maps), *as_map(tables.map_shapes[name]))[:, order]
    return kept.reshape(len(maps), *stored_shape(tables, name, len(order)))


def packed(source: Map, rows: NDArray[np.int64]) -> list[int]:
    """Return the words of a map's rows, int64 (rows, row bits) of elements.

    The lowest bit of a word is first. The planes of a word follow each other, lowest first.
    """
    spare = source.row_words * source.word_bits - source.row_bits
    words = np.pad(rows, ((0, 0), (0, spare))).reshape(-1, 1, source.word_bits)
    planes = words >> np.arange(source.planes).reshape(-1, 1) & 1
    data = np.packbits(planes.astype(np.uint8), axis=2, bitorder="little").tobytes()
    size = source.word_bits // 8
    return [int.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size)]
