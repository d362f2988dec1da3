"""What the joiner and the packer do with each chunk of a layer: the same in every time step."""

from ...hw.plan.descriptor import Descriptor
from ...hw.plan.stage_plan import StagePlan


def joining(stage: StagePlan, descriptor: Descriptor, joiner: bool) -> list[list[bool]]:
    """Return the cycles in which the joiner works on each pooled chunk of a layer's time step.

    The first of a chunk's cycles takes it; in further ones zeros follow it, or what was left of it.
    A cycle is True where it completes a word of the map. Without a `joiner` a chunk is packed as
    it is.
    """
    width = stage.update_lanes
    padding = stage.map(descriptor.name).channels - descriptor.channels if joiner else 0
    tail_lanes = (descriptor.channels - 1) % width + 1 if joiner else width
    words = _Words(width, stage.word_bits // width)
    found = []
    for _ in range(descriptor.rows):
        for column in range(descriptor.columns):
            row_end = column == descriptor.columns - 1
            for _ in range(descriptor.chunks - 1):
                found.append(words.join(width, False))
            tail = words.join(tail_lanes, row_end and not padding)
            for owed in range(padding, 0, -width):
                tail += words.join(min(owed, width), row_end and owed <= width)
            found.append(tail)
    return found


class _Words:
    """Joiner and packer: channels that fill chunks, and chunks that fill words."""

    def __init__(self, width: int, slots: int) -> None:
        self._width, self._slots = width, slots
        self._waiting = 0  # channels
        self._slot = 0

    def join(self, channels: int, ends: bool) -> list[bool]:
        """Add channels, the last ones of a row where it `ends`; return the cycles it takes."""
        total = self._waiting + channels
        rest = total - self._width
        self._waiting = 0 if ends else rest if rest >= 0 else total
        if ends and rest > 0:
            return [self._pack(False), self._pack(True)]
        return [self._pack(ends) if ends or rest >= 0 else False]

    def _pack(self, ends: bool) -> bool:
        complete = ends or self._slot == self._slots - 1
        self._slot = 0 if complete else self._slot + 1
        return complete
