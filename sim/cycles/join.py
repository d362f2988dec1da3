"""When the words of a layer's tiles are joined."""

from collections import deque
from collections.abc import Sequence

from ...hw.plan.stage_plan import StagePlan
from ...hw.rtl.join import queue_depth
from .map_port import Reader


class TileQueue:
    """The words of a tile that wait for those of others; a `Taker`."""

    def __init__(self, depth: int) -> None:
        self._left = deque([-1] * depth, depth)
        self._entered: deque[int] = deque()

    def take(self, offered: int) -> int:
        """Return when the next word is taken, which is offered from a cycle on."""
        # At most a row waits, so the word that leaves room for it has left: see `JoinCycles`.
        entered = max(offered, self._left[len(self._entered)] + 1)
        self._entered.append(entered)
        return entered

    def leave(self, readers: Sequence[Reader], after: int) -> int:
        """Return when the first word that waits leaves, later than `after`."""
        offered = max(self._entered.popleft(), after, self._left[-1]) + 1
        left = max([offered, *(reader.take(offered) for reader in readers)])
        self._left.append(left)
        return left


class JoinCycles:
    """The join of a layer's tiles: a row of each in turn.

    A tile's queue has room for a row. So whether a word of a row enters is known once the rows
    before it of all tiles have been followed, in the order of the map.
    """

    def __init__(self, plan: StagePlan, readers: Sequence[Reader]) -> None:
        target = plan.map(plan.names[0])
        self._readers = readers
        self._words = target.row_words * target.planes
        self.queues = [TileQueue(queue_depth(plan)) for _ in range(plan.shape.tiles)]
        self._latest = -1

    def row(self, tile: int) -> None:
        """Send a row that a tile has made."""
        for _ in range(self._words):
            self._latest = self.queues[tile].leave(self._readers, self._latest)
