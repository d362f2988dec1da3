"""When each block of a stage is done with what it is given: the timing of `somagate.hw`, alone.

A block is a recurrence of the cycles in which things enter and leave it; of the data only the
number of spikes in a word matters. Two kinds of registers occur: one that takes something in when
it is empty or becomes so in this cycle, and a row of registers that move together, holes included,
unless the last one holds what is not taken (`Row`). To *offer* is to hold something at an output
with `valid`; it is *taken* in the cycle of the transfer.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from ..hw.array import Array, BankSum, WeightMemory
from ..hw.fetcher import Fetcher
from ..hw.update import Update

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


class Fetch:
    """Walker and fetcher: words are offered to the sieves one after the other."""

    def __init__(self) -> None:
        self._clipped = 0  # when the walker's latest segment was clipped
        self._segment = 0  # when the fetcher took the latest segment
        self._word = 0  # when its latest word entered
        self.row = Row(Fetcher.latency)

    def start(self, cycle: int) -> None:
        """Start a layer, in the cycle in which the sequencer does."""
        self._clipped = cycle + WALK_LATENCY

    def word(self, steps: int) -> int:
        """Return when the next word is offered, `steps` as in `Walk`."""
        word = self._word
        if steps:
            self._clipped = max(self._clipped + steps, self._segment)
            word = max(word, self._clipped)
        word = self._word = self.row.enter(word + 1)
        if steps:
            self._segment = word
        return self.row.offer(word)

    def end(self, steps: int) -> int:
        """Return when the walk is over, `steps` behind the last word."""
        self._clipped += steps
        return self._clipped


class Bank:
    """Sieve, queue, scanner, weight memory and array of a bank: the sums of every position."""

    def __init__(self) -> None:
        # The sieve holds a word back until the next of its plane comes, or the plane ends: the
        # events in the word, and those in its last part.
        self._held = 0, 0
        self._passed = 0  # when the end of the latest plane was sent
        self._popped = 0, 0  # when the last but one and the last word left the queue
        # When the scanner took the last part of the latest word, and numbered and sent its last
        # event.
        self._parted = self._numbered = self._sent = 0
        self._weights = Row(WeightMemory.latency)
        self._cleared = 0  # since when the array can end a position
        self._sending = 0  # when it sent the latest chunk of sums
        self._taken = 0  # and when that was taken

    def word(self, offered: int, events: int, part: int, ends: bool) -> int:
        """Take a word and return when.

        Parameters
        ----------
        offered
            When it is offered.
        events, part
            In the word, and in its last part with any.
        ends
            Whether it ends a bit plane or the position.
        """
        held, held_part = self._held
        taken = max(offered, self._popped[0] + 1 if held else self._passed)
        if events:
            if held:
                self._scan(taken, held, held_part)
            held, held_part = events, part
        if ends:
            self._passed = max(taken, self._popped[0]) + 1
            # A plane without a spike ends with one event that adds nothing.
            self._scan(self._passed, held or 1, held_part or 1)
            held = held_part = 0
        self._held = held, held_part
        return taken

    def _scan(self, sent: int, events: int, part: int) -> None:
        """Queue a word and send its events to the weight memory."""
        popped = max(sent + 1, self._parted)
        parted = max(popped + 1, self._numbered)  # the first part
        numbered = max(parted + 1, self._sent)
        enters = self._weights.enter(numbered + 1)
        # An event is numbered when the one before leaves the scanner, and in the same cycle as the
        # last one of a part the next part is taken.
        before = events - part
        if before:
            parted = numbered if before == 1 else self._weights.later(enters, before - 2)
        self._popped = self._popped[1], popped
        self._parted = parted
        self._numbered = numbered if events == 1 else self._weights.later(enters, events - 2)
        self._sent = self._weights.later(enters, events - 1)

    def finish(self) -> None:
        """End the position: its last event was sent."""
        offered = self._weights.offer(self._sent)
        self._sending = max(offered, self._cleared)
        self._weights.taken(offered, self._sending)

    def offer(self) -> int:
        """Return when the next chunk of the position's sums is offered."""
        self._sending = max(self._sending + 1, self._taken)
        self._cleared = self._sending + 1
        return self._sending + (Array.latency - 1)

    def taken(self, cycle: int) -> None:
        """Note when that chunk was taken."""
        self._taken = cycle


class Sums:
    """The sums of several banks, added up on their way to the update."""

    def __init__(self, banks: Sequence[Bank]) -> None:
        self._banks = banks
        self._taken = 0

    def offer(self) -> int:
        """Return when the next chunk is offered."""
        taken = max(self._taken, *(bank.offer() for bank in self._banks))
        for bank in self._banks:
            bank.taken(taken)
        return taken + BankSum.latency

    def taken(self, cycle: int) -> None:
        """Note when that chunk was taken."""
        self._taken = cycle


class Output:
    """Update, pool, joiner, packer and readout of one layer: from sums to the words of its map.

    Parameters
    ----------
    start
        When the sequencer starts the update.
    joins
        What the joiner does with each pooled chunk; see `joining`. Empty: the map is not stored.
    planes
        Bit planes of the map.
    deliver
        Called with the cycle in which a word of the map is offered; returns when the last one has
        taken it.
    ready
        Since when the readout takes chunks, where it takes this layer's, otherwise None.
    results
        Results that it sends after a chunk.

    Attributes
    ----------
    ready
        Since when the readout takes further chunks.
    seen, read
        When the latest chunk was observed, and when the readout took it.
    """

    def __init__(
        self,
        *,
        start: int,
        joins: Sequence[Sequence[bool]],
        planes: int,
        deliver: Callable[[int], int],
        ready: int | None,
        results: int,
    ) -> None:
        self._row = Row(Update.latency)
        self._stores = bool(joins)
        self._joins: Iterator[Sequence[bool]] = iter(joins)
        self._planes = planes
        self._deliver = deliver
        self._results = results
        self._updated = start + READ_AHEAD - 1  # when the latest chunk was taken
        self._popped = 0, 0  # when the last but one and the last chunk left the queue
        self._joined = 0  # when the joiner had its latest turn
        self._sent = 0  # when the latest word was taken
        self.ready = ready
        self.seen = self.read = start

    def chunk(self, offered: int, used: bool, pooled: bool) -> int:
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
        taken = self._updated = self._row.enter(max(offered, self._updated + 1))
        if used:
            left = seen = self.seen = self._row.offer(taken)
            if pooled and self._stores:
                left = max(left, self._popped[0] + 1)
                self._join(left)
            if self.ready is not None:
                self.read = max(seen, self.ready)
                self.ready = self.read + 1 + self._results
                left = max(left, self.read)
            self._row.taken(seen, left)
        return taken

    def _join(self, pushed: int) -> None:
        """Queue a pooled chunk, join it to those before, and pack what is complete."""
        joined = max(self._joined, pushed)
        for turn, complete in enumerate(next(self._joins)):
            joined += 1
            if complete:
                joined = self._sent = max(joined, self._sent)
                for _ in range(self._planes):
                    self._sent = self._deliver(self._sent + 1)
            if not turn:
                self._popped = self._popped[1], joined
        self._joined = joined

    def end(self) -> int:
        """Return when the sequencer finishes the layer."""
        updated = self._row.enter(max(self._updated + 1, self.seen)) + 1
        return max(updated, self._sent + 1) if self._stores else updated
