"""When each sum is taken by the update, and what becomes of it leaves the stage.

See `registers` for the words that are used here.
"""

from collections.abc import Callable, Iterator, Sequence

from .registers import Row

READ_AHEAD = 4
"""Cycles from the one in which the sequencer starts the update to the first chunk it can take."""


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
    read
        Called with the cycle in which a chunk is offered to the readout, where it takes this
        layer's; returns when it has taken it. Otherwise None.
    latency
        Of the update.

    Attributes
    ----------
    seen
        When the latest chunk was observed.
    """

    def __init__(
        self,
        *,
        start: int,
        joins: Sequence[Sequence[bool]],
        planes: int,
        deliver: Callable[[int], int],
        read: Callable[[int], int] | None,
        latency: int,
    ) -> None:
        self._row = Row(latency)
        self._stores = bool(joins)
        self._joins: Iterator[Sequence[bool]] = iter(joins)
        self._planes = planes
        self._deliver = deliver
        self._read = read
        self._updated = start + READ_AHEAD - 1  # when the latest chunk was taken
        self._popped = 0, 0  # when the last but one and the last chunk left the queue
        self._joined = 0  # when the joiner had its latest turn
        self._sent = 0  # when the latest word was taken
        self.seen = start

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
            if self._read is not None:
                left = max(left, self._read(seen))
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
