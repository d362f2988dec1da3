"""How the timing of `somagate.hw` is told: registers as recurrences of the cycles of transfers.

A block is a recurrence of the cycles in which things enter and leave it; of the data only the
number of spikes in a word matters. Two kinds of registers occur: one that takes something in when
it is empty or becomes so in this cycle, and a row of registers that move together, holes included,
unless the last one holds what is not taken (`Row`). To *offer* is to hold something at an output
with `valid`; it is *taken* in the cycle of the transfer.
"""

from collections import deque


class Row:
    """Registers that move together, unless the last one holds what is not taken.

    Parameters
    ----------
    latency
        Registers.
    """

    def __init__(self, latency: int) -> None:
        self._latency = latency
        # Where the last one stood still: from when what it held came to when it left. Of the things
        # before, only as many can be in the way as there are registers.
        self._stalls: deque[tuple[int, int]] = deque(maxlen=latency)
        self._moves = 0  # since when no stall is known

    def enter(self, offered: int) -> int:
        """Return when something offered enters: in the first cycle in which the row moves."""
        if offered < self._moves:
            for came, left in self._stalls:
                if came <= offered < left:
                    offered = left
        return offered

    def offer(self, entered: int) -> int:
        """Return when something is offered at the end."""
        offered = entered + self._latency
        if entered < self._moves:
            for came, left in self._stalls:
                if came > entered:
                    offered += left - came
        return offered

    def later(self, entered: int, others: int) -> int:
        """Return when the last of `others` enters, which follow without a hole."""
        last = entered + others
        if entered < self._moves:
            for came, left in self._stalls:
                if entered < came <= last:
                    last += left - came
        return last

    def taken(self, offered: int, taken: int) -> None:
        """Note when the next thing was offered at the end, and when it was taken."""
        if taken > offered:
            self._stalls.append((offered, taken))
            self._moves = taken
