"""Which bits of weights and parameters differ at all: what is constant, synthesis takes out."""

from functools import lru_cache

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
            found = _group_bits(
                plan.tables,
                descriptor.number,
                index,
                bits,
                tuple(plan.orders[source.name].tolist()),
                tuple(plan.orders[descriptor.name].tolist()),
                plan.pad,
                plan.banks,
                plan.lanes,
            )
            some |= found[0][bank]
            every &= found[1][bank]
    if plan.weight_depths[bits] <= plan.banks:
        every[:] = 0  # one row, and a second that is 0
    return some, every


@lru_cache(maxsize=4096)
def _group_bits(
    tables: Tables,
    layer: int,
    group: int,
    bits: int,
    source: tuple[int, ...],
    target: tuple[int, ...],
    pad: int,
    banks: int,
    lanes: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the same of each lane's weights, (banks, lanes) each; of many plans, and so kept."""
    some, every = _channel_bits(tables, layer, group, bits, source, target, pad, banks)
    spare = ((0, -len(some) % lanes), (0, 0))
    return (
        np.bitwise_or.reduce(np.pad(some, spare).reshape(-1, lanes, banks), 0).T,
        np.bitwise_and.reduce(np.pad(every, spare).reshape(-1, lanes, banks), 0).T,
    )


@lru_cache(maxsize=256)
def _channel_bits(
    tables: Tables,
    layer: int,
    group: int,
    bits: int,
    source: tuple[int, ...],
    target: tuple[int, ...],
    pad: int,
    banks: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which bits any, and which all, weights of each channel have in each bank's rows.

    `source` and `target` are the orders of the channels; int64 (kept channels, banks) each. A
    row's bank is that of its source channel.
    """
    synapses = tables.layers[layer].synapses[group]
    orders = {synapses.source: np.array(source), tables.layers[layer].name: np.array(target)}
    code = weight_code(full_weights(tables, layer, synapses, orders, pad), bits)
    code = code.astype(np.int64) & ((1 << bits) - 1)
    code = code.reshape(len(code), -1, banks, *code.shape[2:])
    return (
        np.bitwise_or.reduce(code, (1, 3, 4)),
        np.bitwise_and.reduce(code, (1, 3, 4)),
    )
