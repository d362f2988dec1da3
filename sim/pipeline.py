"""When each block of a stage is done with what it is given: the timing of `somagate.hw`, alone.

A block is the recurrence of the cycles in which things enter and leave it. Data only matters as
the number of spikes in a word; so many runs are followed at once, as arrays of cycles with one
entry a run. Two kinds of registers occur: one that takes something in when it is empty or becomes
so in this cycle, and a row of registers that move together, holes included, unless the last one
holds what is not taken.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..hw.array import Array, BankSum, WeightMemory
from ..hw.fetcher import Fetcher
from ..hw.scanner import Scanner
from ..hw.update import Update

Cycles = NDArray[np.int32]
"""Cycles, one a run, counted from the one in which the sequencer starts the layer."""

NEVER = -(1 << 30)
"""Before anything."""

QUEUE_DEPTH = 2
"""Words that wait for a bank's scanner, and chunks that wait for the joiner."""


class Row:
    """Registers that move together, unless the last one holds what is not taken.

    Parameters
    ----------
    latency
        Registers.
    """

    def __init__(self, latency: int) -> None:
        self._latency = latency
        # When the last one stood still: what it held came in the first of two cycles and left in
        # the second. Of what is still inside no more than `latency` can matter.
        self._stalls: deque[tuple[Cycles, Cycles]] = deque(maxlen=latency)

    def enter(self, offered: Cycles) -> Cycles:
        """Return when something offered enters: in the first cycle in which the row moves."""
        for came, left in self._stalls:
            offered = np.where(offered >= came, np.maximum(offered, left), offered)
        return offered

    def leave(self, entered: Cycles) -> Cycles:
        """Return when what has entered is offered at the end."""
        end = entered + self._latency
        for came, left in self._stalls:
            end = end + (came > entered) * (left - came)
        return end

    def later(self, entered: Cycles, others: Cycles) -> Cycles:
        """Return when the last of `others` enters, which follow what has entered at once."""
        end = entered + others
        for came, left in self._stalls:
            end = end + ((came > entered) & (end >= came)) * (left - came)
        return end

    def taken(self, offered: Cycles, taken: Cycles) -> None:
        """Note when the next thing was offered at the end, and when it was taken."""
        if (taken > offered).any():
            self._stalls.append((offered, taken))


class Walk:
    """Walker and fetcher: the words of a layer, one after the other.

    Parameters
    ----------
    start
        When the sequencer starts the layer.
    """

    def __init__(self, start: Cycles) -> None:
        self._row = Row(Fetcher.latency)
        self._step = start + 2
        self._segment = self._word = start - 1

    def drop(self) -> None:
        """Step over a segment that is outside of its map."""
        self._step = self._step + 1

    def segment(self) -> None:
        """Step over a segment, and fetch its first word."""
        self._step = np.maximum(self._step + 1, self._segment)  # into the output register
        self._segment = self._enter(np.maximum(self._step, self._word) + 1)

    def follow(self) -> None:
        """Fetch the next word of the segment."""
        self._enter(self._word + 1)

    def _enter(self, offered: Cycles) -> Cycles:
        self._word = self._row.enter(offered)
        return self._word

    def offered(self) -> Cycles:
        """Return when the word last fetched is offered to the sieves."""
        return self._row.leave(self._word)

    def taken(self, offered: Cycles, taken: Cycles) -> None:
        """Note when it was taken."""
        self._row.taken(offered, taken)


class Gather:
    """Sieve, queue, scanner, weight memory and array of every bank: the sums of each position.

    All of its cycles are (banks, runs).

    Parameters
    ----------
    start
        When the sequencer starts the layer, (banks, runs).
    """

    def __init__(self, start: Cycles) -> None:
        before = start - 1
        # The sieve: a word is held back until the next one of its plane, or the plane's end.
        self._held = np.zeros(start.shape, np.int32)  # spikes
        self._holds = np.zeros(start.shape, bool)
        self._passed = before  # when the last one of a plane was sent
        self._queue = [before] * QUEUE_DEPTH  # when its last words left it
        self._isolated = before  # when the scanner isolated the last bit of a word
        self._weights = Row(WeightMemory.latency)
        self._events = [before, before]  # when the last two reached the weight memory
        self._cleared = before  # since when the sums of the position before are gone
        self._free = before  # since when the register of the sums sent is

    def word(self, offered: Cycles, spikes: NDArray[np.int32], ends: bool) -> Cycles:
        """Take a word and return when each bank has it.

        Parameters
        ----------
        offered
            When it is offered, (runs,).
        spikes
            In the word, (banks, runs).
        ends
            Whether it ends a bit plane or the position.
        """
        full = spikes > 0
        sends = full & self._holds
        wait = self._passed if ends else np.where(full, self._passed, NEVER)
        taken = np.maximum(offered, wait)
        if sends.any():
            sent = np.maximum(offered, self._queue[0] + 1)
            taken = np.where(sends, sent, taken)
            self._scan(sent, self._held, sends)
        self._held = np.where(full, spikes, self._held)
        self._holds = self._holds | full
        if ends:
            self._passed = np.maximum(taken, self._queue[0]) + 1
            self._scan(self._passed, np.maximum(self._held, 1), None)
            self._held = np.zeros_like(self._held)
            self._holds = np.zeros_like(self._holds)
        return taken

    def _scan(self, sent: Cycles, events: Cycles, chosen: NDArray[np.bool_] | None) -> None:
        """Queue a word and send its events to the weight memory, where it is `chosen`."""
        before, last = self._events
        popped = np.maximum(sent + 1, self._isolated)
        isolated = np.maximum(popped + 1, before)
        first = self._weights.enter(np.maximum(isolated + Scanner.latency - 1, last + 1))
        # The scanner holds two events besides the one that it isolates.
        two_before = np.where(
            events > 2,
            self._weights.later(first, events - 3),
            np.where(events == 2, last, before),
        )
        new = {
            "_isolated": np.maximum(isolated + events - 1, two_before),
            "before": np.where(events > 1, self._weights.later(first, events - 2), last),
            "last": self._weights.later(first, events - 1),
        }
        queue = [*self._queue[1:], popped]
        if chosen is not None:
            queue = [np.where(chosen, a, b) for a, b in zip(queue, self._queue, strict=True)]
            old = {"_isolated": self._isolated, "before": before, "last": last}
            new = {name: np.where(chosen, new[name], old[name]) for name in new}
        self._queue = queue
        self._isolated = new["_isolated"]
        self._events = [new["before"], new["last"]]

    def finish(self) -> None:
        """End the position: its last event has been scanned."""
        offered = self._weights.leave(self._events[1])
        self._sending = np.maximum(offered, self._cleared)
        self._weights.taken(offered, self._sending)

    def send(self) -> Cycles:
        """Return when the next chunk of the position's sums is offered."""
        self._sending = np.maximum(self._sending + 1, self._free)
        self._cleared = self._sending + 1
        return self._sending + Array.latency - 1

    def taken(self, taken: Cycles) -> None:
        """Note when that chunk was taken."""
        self._free = np.broadcast_to(taken, self._sending.shape)


class Sums:
    """The sum over the banks."""

    def __init__(self, start: Cycles) -> None:
        self._free = start - 1

    def take(self, offered: Cycles) -> Cycles:
        """Return when a chunk that each bank offers, (banks, runs), is taken."""
        taken: Cycles = np.maximum(offered.max(0), self._free)
        return taken

    def offered(self, taken: Cycles) -> Cycles:
        """Return when the sum of what was taken is offered."""
        return taken + BankSum.latency

    def taken(self, taken: Cycles) -> None:
        """Note when it was taken."""
        self._free = taken


class Output:
    """Update, pool, joiner, packer and readout: from sums to words of the map.

    Parameters
    ----------
    start
        When the sequencer starts the layer.
    joins
        Of each chunk that the pool sends, what the joiner does; see `joins`.
    planes
        Bit planes of the map.
    gate
        Since when those who read the map outside take its words.
    pauses
        Cycles in which the readout sends results after each chunk, or None where it takes none.
    """

    def __init__(
        self,
        start: Cycles,
        joins: Sequence[Sequence[bool]],
        planes: int,
        gate: Cycles,
        pauses: Cycles | None,
    ) -> None:
        before = start - 1
        self._row = Row(Update.latency)
        self._joins = iter(joins)
        self._stores = len(joins) > 0
        self._planes = planes
        self._gate = gate
        self._pauses = pauses
        self._taken = start + 3  # parameters and potentials are read ahead from here on
        self._used = before  # when the last chunk with neurons was offered
        self._queue = [before] * QUEUE_DEPTH
        self._joined = before
        self._read = before
        self._free = before
        self.seen = before
        self.sent = before
        self.words: list[Cycles] = []

    def take(self, offered: Cycles, used: bool, pooled: bool) -> Cycles:
        """Return when a chunk of sums is taken.

        Parameters
        ----------
        offered
            When it is offered.
        used
            Whether it holds neurons.
        pooled
            Whether it completes a pooling window.
        """
        taken = self._taken = self._row.enter(np.maximum(offered, self._taken + 1))
        if not used:
            return taken
        out = seen = self._row.leave(taken)
        if self._stores and pooled:
            pushed = np.maximum(out, self._queue[0] + 1)
            seen = np.maximum(seen, pushed)
            self._join(pushed)
        if self._pauses is not None:
            self._read = np.maximum(out, self._free)
            self._free = self._read + 1 + self._pauses
            seen = np.maximum(seen, self._read)
        self._row.taken(out, seen)
        self._used, self.seen = out, seen
        return taken

    def _join(self, pushed: Cycles) -> None:
        """Join a pooled chunk to those before, and pack what is complete."""
        for index, complete in enumerate(next(self._joins)):
            self._joined = np.maximum(self._joined, pushed if not index else NEVER) + 1
            if complete:
                self._joined = np.maximum(self._joined, self.sent)
                self.sent = np.maximum(self.sent, self._joined)
                for _ in range(self._planes):
                    self.sent = np.maximum(self.sent + 1, self._gate)
                    self.words.append(self.sent)
            if not index:
                self._queue = [*self._queue[1:], self._joined]

    @property
    def read(self) -> Cycles:
        """When the readout took its last chunk."""
        return self._read

    def end(self) -> Cycles:
        """Return when the sequencer goes on to the next layer."""
        updated = self._row.enter(np.maximum(self._taken + 1, self._used)) + 1
        return np.maximum(updated, self.sent + 1) if self._stores else updated
