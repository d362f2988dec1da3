"""Tables on their way to a board."""

import math
from collections.abc import Sequence

from ..boards.wire.protocol import Command, Status
from ..hw.plan.loadable import ADDRESS_BITS, END, WORD_BITS
from .inference import Progress
from .session import DeviceError, Session

END_WORD = END << ADDRESS_BITS
"""Says with the word behind it, which isn't looked at, that all is there."""
_BLOCK_BYTES = 1024
"""Between two reports of progress."""


def upload(session: Session, words: Sequence[int], progress: Progress | None = None) -> None:
    """Send words of tables from their start: what was begun before is forgotten.

    Parameters
    ----------
    session
        The board.
    words
        As of `somagate.hw.plan.loading.load`.
    progress
        Told the bytes sent, and all of them.

    Raises
    ------
    LinkError, LineLost
        Where the line fails.
    DeviceError
        Where the tables are for another bitstream.
    """
    link = session.link
    data = b"".join(word.to_bytes(WORD_BITS // 8, "little") for word in [*words, END_WORD, 0])
    session.greet()
    for first in range(0, len(data), _BLOCK_BYTES):
        session.serve(lambda: link.room, math.inf)
        link.say(Command.LOAD, data[first : first + _BLOCK_BYTES])
        if progress is not None:
            progress(min(first + _BLOCK_BYTES, len(data)), len(data))
    session.serve(lambda: not link.busy, math.inf)
    if Status.REFUSED in link.events:
        raise DeviceError("what is loaded must be for memories of this bitstream, but isn't")
