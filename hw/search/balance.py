"""The order of a map's channels in which the banks have about the same work."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks.arguments import integer
from ...export.tables import Tables
from ..plan.descriptor import ascending
from ..plan.plan import Plan
from ..plan.weight_rows import is_full


def balanced(channels: ArrayLike, rates: ArrayLike, banks: int) -> tuple[int, ...]:
    """Return the channels in an order whose banks get about as many events each.

    The channel at place i lies in bank i mod banks. A position's sum is whole when its slowest bank
    is done, so a bank whose channels fire more than those of the others slows them all down. The
    most active channel left goes to the bank with the least so far, of those that have places left:
    longest processing time first (Graham, 1969).

    Parameters
    ----------
    channels
        Integers (channels,), kept ones in any order.
    rates
        Numbers (channels,): events of each a time step, not negative.
    banks
        How many.

    Raises
    ------
    ValueError
        Where there is not one rate of at least 0 for each channel.
    """
    numbers, weights = np.asarray(channels), np.asarray(rates, np.float64)
    integer("banks", banks, 1, 64)
    if weights.shape != numbers.shape or not (weights >= 0).all():
        raise ValueError(
            f"rates must be {len(numbers)} numbers of at least 0, one a channel, not {rates!r}"
        )
    places = [len(range(bank, len(numbers), banks)) for bank in range(banks)]
    loads = [0.0] * banks
    members: list[list[int]] = [[] for _ in range(banks)]
    for index in np.argsort(-weights, kind="stable"):
        free = [bank for bank in range(banks) if len(members[bank]) < places[bank]]
        bank = min(free, key=loads.__getitem__)
        members[bank].append(int(numbers[index]))
        loads[bank] += float(weights[index])
    return tuple(members[i % banks][i // banks] for i in range(len(numbers)))


def by_channel(
    tables: Tables, rates: Mapping[str, ArrayLike] | float
) -> dict[str, NDArray[np.float64]]:
    """Return the rate of every kept channel of every map, in ascending order."""
    found = {}
    for name, kept in ascending(tables).items():
        value = rates[name] if isinstance(rates, Mapping) else rates
        found[name] = np.broadcast_to(np.asarray(value, float), len(tables.mask(name)))[kept]
    return found


def orders(plan: Plan, rates: Mapping[str, NDArray[np.float64]]) -> dict[str, tuple[int, ...]]:
    """Return the orders in which the banks have equal work, of maps that may have any.

    Layers that see neighbouring channels only gain from the tables' order.
    """
    banks = max(shape.banks for shape in plan.shapes)
    fixed = {plan.tables.readout.layer}
    for layer in plan.tables.layers:
        partial = [group.source for group in layer.synapses if not is_full(group)]
        fixed |= {*partial, layer.name} if partial else set()
    return {
        name: balanced(kept, rates[name], banks)
        for name, kept in ascending(plan.tables).items()
        if banks > 1 and name not in fixed and np.ptp(rates[name]) > 0
    }
