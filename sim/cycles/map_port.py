"""When the words of a map that comes from outside get into the memory of a stage that reads it."""

from dataclasses import dataclass, field


@dataclass
class MapPort:
    """The write port of a stage's map memory: one word a cycle, the stage's own maps first.

    A stage writes its own maps at once, so a word from outside must know them in advance. Where it
    does not, because they are followed later, it is `wrong`: what was followed since a mark is then
    taken back, and followed again with what was found. Nothing before the first wrong cycle depends
    on it, so that cycle comes later each time.

    Attributes
    ----------
    assumed
        The writes that were taken back.
    writes
        By their cycles the ranks of who wrote: 0 the stage itself, n its n-th source from outside.
    latest
        When the latest word from outside was written, or -1.
    """

    assumed: dict[int, int] = field(default_factory=dict)
    writes: dict[int, int] = field(default_factory=dict)
    latest: int = -1
    _clashes: list[int] = field(default_factory=list)
    _relied: list[tuple[int, int]] = field(default_factory=list)

    def write(self, cycle: int, rank: int) -> None:
        """Write a word."""
        if cycle in self.writes:
            self._clashes.append(cycle)
        self.writes[cycle] = min(rank, self.writes.get(cycle, rank))
        if rank:
            self.latest = max(self.latest, cycle)

    def free(self, cycle: int, rank: int) -> int:
        """Return the first cycle from `cycle` on in which nobody of a lower rank writes."""
        while True:
            if self.writes.get(cycle, rank) >= rank:
                if self.assumed.get(cycle, rank) >= rank:
                    return cycle
                self._relied.append((cycle, rank))
            cycle += 1

    @property
    def wrong(self) -> list[int]:
        """Cycles in which two wrote, or nobody did whom a word from outside waited for."""
        waited = [c for c, rank in self._relied if self.writes.get(c, rank) >= rank]
        return self._clashes + waited

    def settle(self) -> None:
        """Forget what was assumed, as nothing is wrong."""
        self.assumed = {}
        self._clashes, self._relied = [], []

    def mark(self) -> tuple[int, int]:
        """Return what `back` needs to come back to here."""
        return len(self.writes), self.latest

    def back(self, mark: tuple[int, int]) -> None:
        """Take back the writes since a mark, whose latest word is before the first wrong cycle."""
        self.settle()
        count, self.latest = mark
        while len(self.writes) > count:
            cycle, rank = self.writes.popitem()
            self.assumed[cycle] = rank


class Reader:
    """The loader of one source of a stage.

    Parameters
    ----------
    port
        Of the stage's map memory.
    rank
        Of the source, from 1 on.
    words
        Of a map.
    buffers
        Maps that are kept.

    Attributes
    ----------
    complete
        Of each map, when its last word was taken.
    released
        Of each map, when the stage needed it no more.
    """

    def __init__(self, port: MapPort, *, rank: int, words: int, buffers: int) -> None:
        self._port = port
        self._rank = rank
        self._words = words
        self._buffers = buffers
        self._word = 0
        self.complete: list[int] = []
        self.released: list[int] = []

    def take(self, offered: int) -> int:
        """Return when the next word is taken, which is offered from a cycle on."""
        before = len(self.complete) - self._buffers
        if before >= 0:
            offered = max(offered, self.released[before] + 1)
        taken = self._port.free(offered, self._rank)
        self._port.write(taken, self._rank)
        self._word += 1
        if self._word == self._words:
            self._word = 0
            self.complete.append(taken)
        return taken
