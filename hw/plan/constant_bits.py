"""Which bits of weights and parameters differ at all: what is constant, synthesis takes out."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Tables
from .stage_plan import StagePlan
from .weight_rows import full_weights, is_full, weight_code


def parameter_bits(plan: StagePlan) -> int:
    """Return the bits of a word of parameters that are not the same in all words."""
    found = 0
    for field in plan.parameters:
        mask = (1 << field.bits) - 1
        values = field.values & mask
        some, every = np.bitwise_or.reduce(values, 0), np.bitwise_and.reduce(values, 0)
        if len(values) == 1:
            every = every * 0  # the second word is 0
        found += sum(int(n).bit_count() for n in some & ~every)
    return found


def weight_bits(plan: StagePlan, bits: int, bank: int) -> int:
    """Return the bits of a row of a bank's weights that are not the same in all rows."""
    some, every = _lane_bits(plan, bits, bank)
    return sum(int(n).bit_count() for n in some & ~every)


def used_lanes(plan: StagePlan, bank: int) -> int:
    """Return the lanes of a bank that ever add anything; the logic of the others falls away."""
    if plan.weights_load:
        return plan.lanes
    used = sum(_lane_bits(plan, bits, bank)[0] != 0 for bits in plan.weight_depths)
    return int(np.count_nonzero(used))


def _lane_bits(
    plan: StagePlan, bits: int, bank: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which bits any, and which all, weights of each lane have in a bank, (lanes,) each."""
    some = np.zeros(plan.lanes, np.int64)
    every = np.full(plan.lanes, (1 << bits) - 1, np.int64)
    for descriptor in plan.descriptors:
        groups = plan.tables.layers[descriptor.number].synapses
        for index, (group, source) in enumerate(zip(groups, descriptor.sources, strict=True)):
            if source.weight_bits != bits:
                continue
            if not is_full(group):
                every[:] = 0  # rows of channels that aren't connected
            weights = _Weights(
                tables=plan.tables,
                layer=descriptor.number,
                group=index,
                bits=bits,
                source=tuple(plan.orders[source.name].tolist()),
                target=tuple(plan.orders[descriptor.name].tolist()),
                pad=plan.pad,
                banks=plan.banks,
            )
            found = _of_lanes(weights, plan.lanes)
            some |= found[0][bank]
            every &= found[1][bank]
    if plan.weight_depths[bits] <= plan.banks:
        every[:] = 0  # one row, and a second that is 0
    return some, every


class _Weights(NamedTuple):
    """A synapse group's weights as they are laid out.

    `source` and `target` are the orders of the channels. A row's bank is that of its source
    channel.
    """

    tables: Tables
    layer: int
    group: int
    bits: int
    source: tuple[int, ...]
    target: tuple[int, ...]
    pad: int
    banks: int


@lru_cache(maxsize=4096)
def _of_lanes(weights: _Weights, lanes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which bits any, and which all, weights of each lane have, (banks, lanes) each."""
    some, every = _of_channels(weights)
    spare = ((0, -len(some) % lanes), (0, 0))
    return (
        np.bitwise_or.reduce(np.pad(some, spare).reshape(-1, lanes, weights.banks), 0).T,
        np.bitwise_and.reduce(np.pad(every, spare).reshape(-1, lanes, weights.banks), 0).T,
    )


@lru_cache(maxsize=256)
def _of_channels(weights: _Weights) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the same of each kept channel, int64 (channels, banks) each."""
    tables, bits = weights.tables, weights.bits
    layer = tables.layers[weights.layer]
    group = layer.synapses[weights.group]
    orders = {group.source: np.array(weights.source), layer.name: np.array(weights.target)}
    code = weight_code(full_weights(tables, weights.layer, group, orders, weights.pad), bits)
    code = code.astype(np.int64) & ((1 << bits) - 1)
    code = code.reshape(len(code), -1, weights.banks, *code.shape[2:])
    return (
        np.bitwise_or.reduce(code, (1, 3, 4)),
        np.bitwise_and.reduce(code, (1, 3, 4)),
    )
