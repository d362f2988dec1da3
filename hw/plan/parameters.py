"""The parameter memory: what the update has to know of each channel, a word a chunk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.neuron import Neuron, Ternary
from ...export.tables import Tables, signed_bits
from .bounds import Bounds
from .descriptor import Descriptor, Orders
from .mode import Mode
from .weight_rows import pack


@dataclass(frozen=True, kw_only=True)
class Field:
    """One parameter a channel in the parameter memory: signed two's complement.

    Attributes
    ----------
    name
        'bias', 'threshold', 'amount', 'lower_bound', 'multiplier', 'current_multiplier', 'level',
        'boundary' or 'keep' (0 or -1).
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
    so are lower bound and boundary. Unused lanes never fire, so no logic masks them.

    Parameters
    ----------
    neuron
        Of the layer.
    half
        What the bias, the threshold and the lower bound have in them for rounding.
    bounds
        The smallest and largest u.
    never
        The threshold of an unused lane, above whatever it adds up to.
    limit
        A boundary that no r reaches.
    """
    low, high = bounds
    threshold = high + 1 if neuron.threshold is None else neuron.threshold
    lowest: Any = low
    if neuron.lower_bound is not None:
        lowest = neuron.lower_bound.astype(np.int64) + half
    level: Any = 0
    boundary: Any = 0
    if isinstance(neuron.store, Ternary):
        level, boundary = neuron.store.level, neuron.store.boundary
    values: dict[str, tuple[Any, int]] = {
        "bias": (neuron.bias.astype(np.int64) + half, half),
        "threshold": (np.clip(np.add(threshold, half, dtype=np.int64), low, high + 1), never),
        "amount": (0 if neuron.amount is None else neuron.amount, 0),
        "lower_bound": (np.clip(lowest, low, high), low),
        "multiplier": (neuron.leak.multiplier, 0),
        "current_multiplier": (neuron.current.leak.multiplier if neuron.current else 0, 0),
        "level": (level, 0),
        "boundary": (np.minimum(np.asarray(boundary, np.int64), limit), 1),
    }
    return {
        name: (np.broadcast_to(value, neuron.channels).astype(np.int64), unused)
        for name, (value, unused) in values.items()
    }


def fields(
    tables: Tables,
    descriptors: Sequence[Descriptor],
    modes: Sequence[Mode],
    orders: Orders,
    bounds: Bounds,
) -> tuple[Field, ...]:
    """Return the parameter memory's fields, each with the values of all layers' chunks.

    Those that no layer needs are left out. Whatever an unused lane of ±1 weights adds up to, its
    threshold is above it. Where parameters can be loaded, each field holds any u, and 'keep' is
    beside them.
    """
    signs = any(source.weight_bits == 1 for d in descriptors for source in d.sources)
    never = 1 << (bounds.update_bits - 1) if signs else bounds.update[1] + 1
    columns: dict[str, list[NDArray[np.int64]]] = {}
    for descriptor, mode in zip(descriptors, modes, strict=True):
        values = channel_values(
            tables.layers[descriptor.number].neuron,
            half=mode.half * mode.rounds_early,
            bounds=bounds.update,
            never=never,
            limit=bounds.store_limit,
        )
        chosen, order = descriptor.lane_channels(), orders[descriptor.name]
        for name, (value, unused) in values.items():
            kept = np.where(chosen < 0, unused, value[order][chosen])
            columns.setdefault(name, []).append(kept)
        columns.setdefault("keep", []).append(-(chosen >= 0).astype(np.int64))
    needed = {
        "amount": any(mode.subtracts for mode in modes),
        "lower_bound": any(mode.bounded and mode.lower_bound is None for mode in modes),
        "multiplier": any(mode.leak_multiplier is None for mode in modes),
        "current_multiplier": any(m.current and m.current.leak_multiplier is None for m in modes),
        "level": any(mode.shift is None for mode in modes),
        "boundary": any(mode.shift is None for mode in modes),
        "keep": bounds.loadable,
    }
    found = []
    for name, parts in columns.items():
        if not needed.get(name, True):
            continue
        array = np.concatenate(parts)
        bits = signed_bits(min(0, int(array.min())), max(0, int(array.max())))
        if bounds.loadable and name != "keep":
            bits = max(bits, bounds.update_bits + 1)
        found.append(Field(name=name, bits=bits, values=array))
    return tuple(found)


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
