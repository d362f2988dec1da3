"""The order of a map's channels in which the banks have about the same work."""

import numpy as np
from numpy.typing import ArrayLike

from ...checks.arguments import integer


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
