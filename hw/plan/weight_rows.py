"""A synapse group's weights as the weight memory holds them: a row for each bit of each segment."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...export.synapse import Convolution, Dense, Identity, SynapseGroup
from ...export.tables import Tables
from .descriptor import Descriptor, Orders, Source, as_map
from .flat import stored_shape


def between_channels(tables: Tables, group: SynapseGroup) -> NDArray[np.int32]:
    """Return a group's weights as one of a convolution, (channels, source channels, y, x).

    Channels that the group does not connect have weights of 0.
    """
    channels, rows, columns = as_map(tables.map_shapes[group.source])
    if isinstance(group, Dense):
        return group.weights.reshape(-1, channels, rows, columns)
    if isinstance(group, Identity):
        return np.diag(group.weights)[:, :, None, None]
    inside = group.weights.shape[1]
    weights = np.zeros((len(group.weights), channels, *group.kernel), np.int32)
    for index, block in enumerate(np.split(group.weights, group.groups)):
        first = index * len(block)
        place = slice(index * inside, (index + 1) * inside)
        weights[first : first + len(block), place] = block
    return weights


def full_weights(
    tables: Tables, layer: int, group: SynapseGroup, orders: Orders, pad: int
) -> NDArray[np.int32]:
    """Return a group's weights as one of a convolution, (kept channels, map channels, y, x).

    Map channels are the kept ones of the source as it is stored, padded to a multiple of `pad` with
    weight 0.
    """
    weights = between_channels(tables, group)
    weights = weights[orders[tables.layers[layer].name]][:, orders[group.source]]
    if isinstance(group, Dense):
        shape = stored_shape(tables, group.source, len(orders[group.source]))
        weights = weights.reshape(len(weights), *shape)
    return np.pad(weights, ((0, 0), (0, -weights.shape[1] % pad), (0, 0), (0, 0)))


def is_full(group: SynapseGroup) -> bool:
    """Return whether every output channel sees every source channel."""
    return isinstance(group, Dense) or (isinstance(group, Convolution) and group.groups == 1)


def channel_windows(
    tables: Tables, layer: int, group: SynapseGroup, orders: Orders, *, lanes: int, pad: int
) -> tuple[int, int]:
    """Return (group_bits, span): lane group g needs channels from g · group_bits, span of them.

    Both are multiples of `pad`. A grouped convolution or an identity connects a lane group with
    neighbouring source channels only.
    """
    source, target = orders[group.source], orders[tables.layers[layer].name]
    if is_full(group):
        channels, _, _ = stored_shape(tables, group.source, len(source))
        return 0, channels + -channels % pad
    channels = len(tables.mask(group.source))
    outputs = len(tables.layers[layer].kept)
    blocks = group.groups if isinstance(group, Convolution) else channels
    connected = np.kron(
        np.eye(blocks, dtype=bool), np.ones((outputs // blocks, channels // blocks), bool)
    )
    connected = connected[target][:, source]
    spans = []
    for first in range(0, len(connected), lanes):
        seen = np.flatnonzero(connected[first : first + lanes].any(0))
        spans.append((int(seen[0]), int(seen[-1]) + 1) if len(seen) else None)
    steps = [span[0] // g for g, span in enumerate(spans) if g and span]
    step = min(steps, default=0) // pad * pad
    span = max((span[1] - g * step for g, span in enumerate(spans) if span), default=1)
    return step, span + -span % pad


def weight_rows(
    tables: Tables,
    layer: int,
    group: SynapseGroup,
    source: Source,
    orders: Orders,
    *,
    lanes: int,
    pad: int,
) -> NDArray[np.int32]:
    """Lay out one synapse group's weights as rows, (rows, lanes), unused lanes 0.

    Row `((lane group · segment rows + y) · segment columns + x) · span + i`: bit i of a segment
    finds its weights at row i.
    """
    weights = full_weights(tables, layer, group, orders, pad)
    weights = np.pad(weights, ((0, -len(weights) % lanes), (0, 0), (0, 0), (0, 0)))
    parts = []
    for index, part in enumerate(np.split(weights, len(weights) // lanes)):
        if not is_full(group):
            first = index * source.group_bits
            part = part[:, first : first + source.span]
            part = np.pad(part, ((0, 0), (0, source.span - part.shape[1]), (0, 0), (0, 0)))
        parts.append(part.transpose(2, 3, 1, 0).reshape(-1, lanes))
    return np.concatenate(parts)


def weight_memories(
    tables: Tables, descriptors: Sequence[Descriptor], orders: Orders, *, lanes: int, pad: int
) -> dict[int, NDArray[np.int32]]:
    """Return the rows of some layers by the width of a weight, (rows, lanes) each."""
    parts: dict[int, list[NDArray[np.int32]]] = {}
    for descriptor in descriptors:
        groups = tables.layers[descriptor.number].synapses
        for group, source in zip(groups, descriptor.sources, strict=True):
            rows = weight_rows(
                tables, descriptor.number, group, source, orders, lanes=lanes, pad=pad
            )
            parts.setdefault(source.weight_bits, []).append(rows)
    return {bits: np.concatenate(parts[bits]) for bits in sorted(parts)}


def weight_code(rows: NDArray[np.int32], bits: int) -> NDArray[np.int32]:
    """Return weights as they are stored: the sign bit of a 1-bit weight, else the weight."""
    return (rows < 0).astype(np.int32) if bits == 1 else rows


def pack(values: Sequence[int], bits: int) -> int:
    """Return `values` as one word of two's complement fields, the first one lowest."""
    mask = (1 << bits) - 1
    return sum((int(value) & mask) << (bits * i) for i, value in enumerate(values))
