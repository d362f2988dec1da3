"""When each block of a stage is done with what it is given: the timing of `somagate.hw`, alone.

A block is a recurrence of the cycles in which things enter and leave it. Of the data only the
number of spikes in a word matters, so many runs are followed at once, as arrays of cycles with one
entry a run. Two kinds of registers occur: one that takes something in when it is empty or becomes
so in this cycle, and a row of registers that move together, holes included, unless the last one
holds what is not taken.
"""

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..hw.array import Array, BankSum, WeightMemory
from ..hw.fetcher import Fetcher
from ..hw.memory import RegisteredMemory
from ..hw.update import Update

Cycles = NDArray[np.int32]
"""Cycles, one a run."""

QUEUE_DEPTH = 2
"""Words that wait for a bank's scanner, and chunks that wait for the joiner."""

WALK_LATENCY = 2
"""Cycles from the one in which the sequencer starts the walker to its first step."""

READ_AHEAD = 4
"""Cycles from the one in which the sequencer starts the update to the first chunk it can take."""


class Row:
    """Registers that move together, unless the last one holds what is not taken.

    Parameters
    ----------
    latency
        Registers.
    carried
        From the layer before, or nothing.
    """

    def __init__(self, latency: int, carried: Iterator[Cycles] = iter(())) -> None:
        self._latency = latency
        # Where the last one stood still: when what it held came, and when it left. Of the things
        # before, only as many can be in the way as there are registers.
        self._stalls: deque[tuple[Cycles, Cycles] | None] = deque(maxlen=latency)
        for _ in range(latency):
            if (came := next(carried, None)) is not None:
                self.taken(came, next(carried))

    def carry(self, start: Cycles) -> Iterator[Cycles]:
        """Yield what the next layer's row is to know; `start` where there is nothing."""
        for stall in [None] * (self._latency - len(self._stalls)) + [*self._stalls]:
            yield from (start, start) if stall is None else stall

    def enter(self, offered: Cycles) -> Cycles:
        """Return when something offered enters: in the first cycle in which the row moves."""
        for came, left in filter(None, self._stalls):
            offered = np.where(offered >= came, np.maximum(offered, left), offered)
        return offered

    def offered(self, entered: Cycles) -> Cycles:
        """Return when something is offered at the end."""
        end = entered + self._latency
        for came, left in filter(None, self._stalls):
            end = end + (came > entered) * (left - came)
        return end

    def later(self, entered: Cycles, others: Cycles) -> Cycles:
        """Return when the last of `others` enters, which follow without a hole."""
        end = entered + others
        for came, left in filter(None, self._stalls):
            end = end + ((came > entered) & (end >= came)) * (left - came)
        return end

    def taken(self, offered: Cycles, taken: Cycles) -> None:
        """Note when the next thing was offered at the end, and when it was taken."""
        self._stalls.append((offered, taken) if (taken > offered).any() else None)


class Events(NamedTuple):
    """Events in a word.

    Attributes
    ----------
    all
        All of them, one a spike.
    part
        Those in the last part of the word that the scanner takes; see `hw.scanner.PART_BITS`.
    """

    all: NDArray[np.int32]
    part: NDArray[np.int32]


_NULL = Events(np.ones((), np.int32), np.ones((), np.int32))
"""The one event of a plane without a spike."""


class Walk:
    """Walker and fetcher: the words of a layer, one after the other.

    Parameters
    ----------
    start
        When the sequencer starts the walker.
    carried
        From the layer before.
    """

    def __init__(self, start: Cycles, carried: Iterator[Cycles]) -> None:
        self._start = start
        self._step = start + WALK_LATENCY
        self._segment, self._word = next(carried), next(carried)
        self._row = Row(Fetcher.latency, carried)

    def carry(self) -> Iterator[Cycles]:
        """Yield what the next layer's is to know."""
        yield from (self._segment, self._word)
        yield from self._row.carry(self._start)

    def drop(self) -> None:
        """Step over a segment that is outside of its map."""
        self._step = self._step + 1

    def segment(self) -> None:
        """Step over a segment, and fetch its first word."""
        self._step = np.maximum(self._step + 1, self._segment)
        self._word = self._row.enter(np.maximum(self._step, self._word) + 1)
        self._segment = self._word

    def follow(self) -> None:
        """Fetch the next word of the segment."""
        self._word = self._row.enter(self._word + 1)

    def offered(self) -> Cycles:
        """Return when the word last fetched is offered to the sieves."""
        return self._row.offered(self._word)

    def taken(self, offered: Cycles, taken: Cycles) -> None:
        """Note when it was taken."""
        self._row.taken(offered, taken)

    @property
    def end(self) -> Cycles:
        """When the walk is over."""
        return self._step


class Gather:
    """Sieve, queue, scanner, weight memory and array of each bank: the sums of every position.

    Parameters
    ----------
    banks
        Their number; cycles have the banks before the runs.
    start
        When the sequencer starts the walker, (runs).
    carried
        From the layer before.
    """

    def __init__(self, banks: int, start: Cycles, carried: Iterator[Cycles]) -> None:
        self._start = np.broadcast_to(start, (banks, *start.shape))
        # The sieve holds a word back until the next of its plane comes, or the plane ends.
        self._holds = np.zeros((), bool)
        self._held = _NULL
        # When the latest word was sent, when the latest ones left the queue, when the scanner was
        # done with the last word, had its last event numbered, and sent it.
        self._passed = next(carried)
        self._queue = [next(carried) for _ in range(QUEUE_DEPTH)]
        self._started, self._numbered, self._read = (next(carried) for _ in range(3))
        self._weights = Row(WeightMemory.latency, carried)
        # When the latest sums were all on their way, and taken.
        self._cleared, self._free = next(carried), next(carried)
        self._sending = self._cleared

    def carry(self) -> Iterator[Cycles]:
        """Yield what the next layer's is to know."""
        yield from (self._passed, *self._queue, self._started, self._numbered, self._read)
        yield from self._weights.carry(self._start)
        yield from (self._cleared, np.broadcast_to(self._free, self._start.shape))

    def word(self, offered: Cycles, events: Events, ends: bool) -> Cycles:
        """Take a word and return when the last bank has it.

        Parameters
        ----------
        offered
            When it is offered, (runs).
        events
            In the word, (banks, runs).
        ends
            Whether it ends a bit plane or the position.
        """
        full = events.all > 0
        taken = np.maximum(offered, np.where(self._holds, self._queue[0] + 1, self._passed))
        sends = full & self._holds
        if sends.any():
            self._scan(taken, self._held, sends)
        held = Events(*(np.where(full, a, b) for a, b in zip(events, self._held, strict=True)))
        if ends:
            self._passed = np.maximum(taken, self._queue[0]) + 1
            self._scan(self._passed, held, None)
            self._holds = np.zeros((), bool)
            self._held = _NULL
        else:
            self._holds = self._holds | full
            self._held = held
        last: Cycles = taken.max(0)
        return last

    def _scan(self, sent: Cycles, events: Events, chosen: NDArray[np.bool_] | None) -> None:
        """Queue a word and send its events to the weight memory, in the `chosen` runs."""
        popped = np.maximum(sent + 1, self._started)
        taken = np.maximum(popped + 1, self._numbered)  # its first part
        numbered = np.maximum(taken + 1, self._read)
        read = self._weights.enter(numbered + 1)
        # An event is numbered when the one before leaves the scanner, and in the same cycle as the
        # last one of a part the next part is taken.
        before = events.all - events.part
        started = np.where(before == 1, numbered, self._weights.later(read, before - 2))
        started = np.where(before == 0, taken, started)
        new = [
            popped,
            started,
            np.where(events.all == 1, numbered, self._weights.later(read, events.all - 2)),
            self._weights.later(read, events.all - 1),
        ]
        queue = self._queue
        if chosen is not None:
            old = [queue[-1], self._started, self._numbered, self._read]
            new = [np.where(chosen, a, b) for a, b in zip(new, old, strict=True)]
            later = [np.where(chosen, b, a) for a, b in itertools.pairwise(queue)]
        else:
            later = queue[1:]
        self._queue = [*later, new[0]]
        self._started, self._numbered, self._read = new[1:]

    def finish(self) -> None:
        """End the position: its last event has been scanned."""
        offered = self._weights.offered(self._read)
        self._sending = np.maximum(offered, self._cleared)
        self._weights.taken(offered, self._sending)

    def offered(self) -> Cycles:
        """Return when the next chunk of the position's sums is offered, (banks, runs)."""
        self._sending = np.maximum(self._sending + 1, self._free)
        self._cleared = self._sending + 1
        return self._sending + (Array.latency - 1)

    def taken(self, taken: Cycles) -> None:
        """Note when that chunk was taken, (runs)."""
        self._free = taken


class Sums:
    """The sums on their way from the arrays of the banks to the update.

    Parameters
    ----------
    gather
        Where they come from.
    banks
        How many are added up.
    carried
        From the layer before.
    """

    def __init__(self, gather: Gather, banks: int, carried: Iterator[Cycles]) -> None:
        self._gather = gather
        self._banks = banks
        self._free = next(carried)

    def carry(self) -> Iterator[Cycles]:
        """Yield what the next layer's is to know."""
        yield self._free

    def offered(self) -> Cycles:
        """Return when the next chunk is offered."""
        offered: Cycles = self._gather.offered().max(0)
        if self._banks == 1:
            return offered
        taken = np.maximum(offered, self._free)
        self._gather.taken(taken)
        return taken + BankSum.latency

    def taken(self, taken: Cycles) -> None:
        """Note when it was taken."""
        self._free = taken
        if self._banks == 1:
            self._gather.taken(taken)


class Held:
    """Held sums: the memory of `hw.currents`, read from the start of the update on."""

    def __init__(self, start: Cycles) -> None:
        self._row = Row(RegisteredMemory.latency)
        self._read = start

    def offered(self) -> Cycles:
        """Return when the next chunk is offered."""
        self._read = self._row.enter(self._read + 1)
        self._offered = self._row.offered(self._read)
        return self._offered

    def taken(self, taken: Cycles) -> None:
        """Note when it was taken."""
        self._row.taken(self._offered, taken)


class Output:
    """Update, pool, joiner, packer and readout: from sums to words of the map.

    Parameters
    ----------
    start
        When the sequencer starts the update.
    gate
        Since when those outside who read the map take its words.
    joins
        What the joiner does with each pooled chunk; see `joining`. Empty: the map is not stored.
    planes
        Bit planes of the map.
    pauses
        Results that the readout sends after each chunk, or None where it takes none.
    results
        When it has sent the latest.
    """

    def __init__(
        self,
        start: Cycles,
        gate: Cycles,
        joins: Sequence[Sequence[bool]],
        planes: int,
        pauses: Cycles | None,
        results: Cycles,
    ) -> None:
        self._row = Row(Update.latency)
        self._stores = len(joins) > 0
        self._joins = iter(joins)
        self._planes = planes
        self._pauses = pauses
        self._gate = gate
        self._taken = start + READ_AHEAD - 1
        self._joined = start
        self.results = results
        self._queue = [start] * QUEUE_DEPTH
        self.seen = self.read = self.sent = start
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
        left = self.seen = self._row.offered(taken)
        if self._stores and pooled:
            left = np.maximum(left, self._queue[0] + 1)
            self._join(left)
        if self._pauses is not None:
            self.read = np.maximum(self.seen, self.results)
            self.results = self.read + 1 + self._pauses
            left = np.maximum(left, self.read)
        self._row.taken(self.seen, left)
        return taken

    def _join(self, pushed: Cycles) -> None:
        """Join a pooled chunk to those before, and pack what is complete."""
        self._joined = np.maximum(self._joined, pushed)
        for index, complete in enumerate(next(self._joins)):
            self._joined = self._joined + 1
            if complete:
                self._joined = np.maximum(self._joined, self.sent)
                self.sent = self._joined
                for _ in range(self._planes):
                    self.sent = np.maximum(self.sent + 1, self._gate)
                    self.words.append(self.sent)
            if not index:
                self._queue = [*self._queue[1:], self._joined]

    @property
    def end(self) -> Cycles:
        """When the sequencer finishes the layer."""
        updated = self._row.enter(np.maximum(self._taken + 1, self.seen)) + 1
        return np.maximum(updated, self.sent + 1) if self._stores else updated
