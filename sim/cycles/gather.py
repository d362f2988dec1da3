"""When each word is fetched, and each sum of a position offered: the timing before the update.

See `registers` for the words that are used here.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ...hw.rtl.gather.array import Array, BankSum, WeightMemory
from ...hw.rtl.gather.fetcher import Fetcher
from ...hw.rtl.gather.finder import Finder
from ...hw.rtl.gather.walker import Walker
from ...hw.rtl.sequencer import Sequencer
from .registers import Row

WALK_LATENCY = Sequencer.latency + Walker.latency
"""Cycles from the one in which the sequencer starts the walker to its first step."""


class Word(NamedTuple):
    """A word of a receptive field, as `Walk` and `Spikes` have it.

    Attributes
    ----------
    steps
        As of `Walk`.
    ends
        Whether it ends a bit plane or the position.
    events, parts
        Of each bank: spikes, and those in its last part with any.
    flag
        Whether it holds a spike, in its segment or beside it.
    """

    steps: int
    ends: bool
    events: Sequence[int]
    parts: Sequence[int]
    flag: bool


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

    def words(self, words: Iterable[Word]) -> Iterator[tuple[int, Word]]:
        """Yield the words of a position that come to the sieves, and when each is offered.

        The next one may be asked for once `row` knows when the one before was taken.
        """
        for word in words:
            yield self.word(word.steps), word

    def end(self, steps: int) -> int:
        """Return when the walk is over, `steps` behind the last word."""
        self._clipped += steps
        return self._clipped


class FoundFetch(Fetch):
    """The same behind a finder: words without a spike are not offered.

    Parameters
    ----------
    flags
        That are looked at at a time.
    """

    def __init__(self, flags: int) -> None:
        super().__init__()
        self._flags = flags
        self._look = 0  # when the latest look was made
        self._sent = 0  # when the finder sent its latest word
        # All but the last of the finder's registers move together.
        self._looks = Row(Finder.latency - 1)

    def words(self, words: Iterable[Word]) -> Iterator[tuple[int, Word]]:
        """Yield the words of a position that come to the sieves, and when each is offered."""
        for segment in _segments(words):
            for first in range(len(segment), 0, -self._flags):
                some = segment[max(0, first - self._flags) : first][::-1]
                offered = self._made(segment[0].steps if first == len(segment) else 0)
                ends = first <= self._flags and segment[-1].ends
                found = [word._replace(ends=False) for word in some if word.flag]
                if ends:
                    # An empty word has the end where there is no other.
                    nothing = [0] * len(segment[-1].events)
                    found = found or [segment[-1]._replace(events=nothing, parts=nothing)]
                    found[-1] = found[-1]._replace(ends=True)
                if not found:
                    continue
                self._word = max(offered, self._sent)
                self._looks.taken(offered, self._word)
                for word in found:
                    self._word = self._sent = self.row.enter(self._word + 1)
                    yield self.row.offer(self._word), word

    def _made(self, steps: int) -> int:
        """Return when the next look is at hand; `steps` as in `Walk`, 0 in the same segment."""
        if steps:
            self._clipped = max(self._clipped + steps, self._segment)
            self._look = max(self._look, self._clipped)
        self._look = self._looks.enter(self._look + 1)
        if steps:
            self._segment = self._look
        return self._looks.offer(self._look)


def _segments(words: Iterable[Word]) -> Iterator[list[Word]]:
    """Yield the words of each segment."""
    segment: list[Word] = []
    for word in words:
        if word.steps and segment:
            yield segment
            segment = []
        segment.append(word)
    if segment:
        yield segment


class BankCycles:
    """Sieve, queue, scanner, weight memory and array of a bank: the sums of every position.

    Parameters
    ----------
    chunks
        Of a position that are sent before the array can end the next one.
    """

    def __init__(self, chunks: int = 1) -> None:
        self._chunks, self._left = chunks, 0
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
        self._ended = 0  # when it did
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
        self._ended = max(offered, self._cleared)
        self._left = self._chunks
        self._weights.taken(offered, self._ended)

    def offer(self) -> int:
        """Return when the next chunk of the position's sums is offered."""
        self._sending = max(self._sending + 1, self._ended + 1, self._taken)
        if self._left > 0:
            self._left -= 1
            self._cleared = self._sending + 1
        return self._sending + (Array.latency - 1)

    def taken(self, cycle: int) -> None:
        """Note when that chunk was taken."""
        self._taken = cycle


class Sums:
    """The sums of several banks, added up on their way to the update."""

    def __init__(self, banks: Sequence[BankCycles]) -> None:
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
