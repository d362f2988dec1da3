"""What both ends of the line agree on; docs/wire.md says it in words."""

from collections.abc import Iterable
from enum import IntEnum, IntFlag

VERSION = 1
CRC_BYTES = 4
HEADER_BYTES = 3
"""Of a frame to the board: its number, the next answer that is wanted, and the command."""
MOST_BYTES = 254
"""Of a frame to the board, its CRC included, such that COBS adds one byte and the end."""
SLOT_BYTES = 64
"""Of a frame from the board, as it is on the line."""
SLOTS = 4
"""Answers that the board keeps until they are acknowledged."""
AGAIN = 0x80
"""This bit of a command asks for all answers from the wanted one on once more."""
PAGE_BYTES = 32


class Command(IntEnum):
    """What a frame asks of the board."""

    HELLO = 0
    """Start anew: what was under way is forgotten, and the next frame's number is 0."""
    ASK = 1
    """A byte follows, the `Page` that is wanted."""
    INPUT = 2
    """Bytes of the words of inferences."""
    LOAD = 3
    """Bytes of the words of tables."""
    POLL = 4
    """Nothing but what every frame says; it has no number of its own."""
    MODE = 5
    """A byte follows, the modes of `Extra` that hold until the board starts anew; it comes before
    the first inference."""


class Page(IntEnum):
    """What the board says of itself, `PAGE_BYTES` each."""

    DESCRIPTION = 0
    SHAPE = 1
    TABLES = 2
    COUNTERS = 3
    """Where it has them: `COUNTER_BYTES`, since the board started anew."""


class Kind(IntEnum):
    """What a frame of the board is."""

    PART = 0
    """Of an answer; more of it follows."""
    ANSWER = 1
    """The rest of an answer, or all of it."""
    STATUS = 2
    INFO = 3


class Status(IntFlag):
    """What a `Kind.STATUS` says."""

    ORDER = 1
    """A frame was dropped: its number wasn't the next."""
    ROOM = 2
    """A frame was dropped: it didn't fit what waits already."""
    UNKNOWN = 4
    """A command wasn't known, and was passed over."""
    UNLOADED = 8
    """Words of an inference were passed over, as no tables are there."""
    REFUSED = 16
    """What was loaded is for memories that aren't there."""
    LOADED = 32
    """Tables are there."""
    GREETED = 64
    """There was a `Command.HELLO` since the board has power."""


class Extra(IntFlag):
    """What a bitstream may have beyond inferences."""

    STREAM = 1
    """A mode: every time step is an inference, which finds what the one before has left."""
    TRACE = 2
    """A mode: answers hold every spike and potential."""
    PIXELS = 4
    """A mode: samples come as pixels, of which the board makes spikes."""
    COUNTERS = 8
    """`Page.COUNTERS` is there."""


MODES = Extra.STREAM | Extra.TRACE | Extra.PIXELS
COUNTER_BYTES = {
    "answers": 4,
    "cycles": 6,
    "waits": 6,
    "stalls": 6,
    "events": 6,
    "damaged": 2,
    "dropped": 2,
}
"""Bytes of each number of `Page.COUNTERS`, one behind the other with their lowest byte first.

Answers; cycles from the first word of an inference to the last value of its answer, those of them
that had no word to take, be it the next inference's, and those in which the answer waited for the
line; weight rows that were added; frames with a wrong CRC, and frames out of order or without room.
"""


def extras(names: Iterable[str]) -> Extra:
    """Return those of some names, such as 'trace'.

    Raises
    ------
    ValueError
        Where one isn't known.
    """
    found = Extra(0)
    for name in names:
        if str(name).upper() not in Extra.__members__:
            known = ", ".join(names_of(~Extra(0)))
            raise ValueError(f"extras must be some of {known}, not {name!r}")
        found |= Extra[str(name).upper()]
    return found


def names_of(chosen: Extra) -> list[str]:
    """Return the names of extras, as `extras` takes them."""
    return [name.lower() for name, extra in Extra.__members__.items() if extra in chosen]
