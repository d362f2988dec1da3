"""The parameter memory: what the update has to know of each channel, a word a chunk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.neuron import Neuron, Ternary
from .weight_rows import pack


@dataclass(frozen=True, kw_only=True)
class Field:
    """One parameter a channel in the parameter memory: signed two's complement.

    Attributes
    ----------
    name
        'bias', 'threshold', 'amount', 'multiplier', 'level', 'boundary' or 'keep' (0 or -1).
    bits
        Width.
    values
        int64 (parameter rows, update lanes).
    """

    name: str
    bits: int
    values: NDArray[np.int64]


def channel_values(
    neuron: Neuron, *, half: int, bounds: tuple[int, int], never: int, limit: int
) -> dict[str, tuple[NDArray[np.int64], int]]:
    """Return each parameter of a layer's channels, int64 (channels,), and that of an unused lane.

    A threshold beyond what u can reach is the nearest one that decides the same, so that it fits;
    so is a boundary. Unused lanes never fire, so no logic masks them.

    Parameters
    ----------
    neuron
        Of the layer.
    half
        What the bias and the threshold have in them for rounding.
    bounds
        The smallest and largest u.
    never
        The threshold of an unused lane, above whatever it adds up to.
    limit
        A boundary that no r reaches.
    """
    low, high = bounds
    threshold = high + 1 if neuron.threshold is None else neuron.threshold
    level: Any = 0
    boundary: Any = 0
    if isinstance(neuron.store, Ternary):
        level, boundary = neuron.store.level, neuron.store.boundary
    values: dict[str, tuple[Any, int]] = {
        "bias": (neuron.bias.astype(np.int64) + half, half),
        "threshold": (np.clip(np.add(threshold, half, dtype=np.int64), low, high + 1), never),
        "amount": (0 if neuron.amount is None else neuron.amount, 0),
        "multiplier": (neuron.leak.multiplier, 0),
        "level": (level, 0),
        "boundary": (np.minimum(np.asarray(boundary, np.int64), limit), 1),
    }
    return {
        name: (np.broadcast_to(value, neuron.channels).astype(np.int64), unused)
        for name, (value, unused) in values.items()
    }


def words(fields: Sequence[Field]) -> list[int]:
    """Return the memory: a word holds each lane's fields, those of the first lane lowest."""
    found = []
    rows, lanes = fields[0].values.shape
    for row in range(rows):
        word, offset = 0, 0
        for lane in range(lanes):
            for field in fields:
                word |= pack([field.values[row, lane]], field.bits) << offset
                offset += field.bits
        found.append(word)
    return found
