"""The speed of a line, where nobody says it."""

from collections.abc import Callable, Sequence

from ..boards.uart import BAUD
from .line import Line, LineLost, UnsupportedSpeedError
from .link import Link, LinkError
from .session import DeviceError, Session

SPEEDS = (
    *(BAUD, 12_000_000, 6_000_000, 3_000_000, 2_000_000, 1_500_000, 1_000_000),
    *(921_600, 460_800, 230_400, 57_600, 38_400, 19_200, 9_600),
)
"""That adapters have: the one that is built where nothing is said, then the fastest first."""
_PATIENCE_SECONDS = 0.15
_RETRIES = 2
"""Of a question at a speed that is tried."""


def session_at(
    line: Line | str, speeds: Sequence[int], timeout: float, link: Callable[[int], Link]
) -> Session:
    """Return a session at the first of some speeds at which the board answers.

    Parameters
    ----------
    line
        A port's name; or a line that is open, which has its speed.
    speeds
        To try; one alone is taken as it is, without a question.
    timeout
        As of `Session`.
    link
        Returns the link of a session at a speed.

    Raises
    ------
    DeviceError
        Where the board answers at none.
    OSError
        Where the port can't be opened.
    """
    if not isinstance(line, str) or len(speeds) == 1:
        return Session(line, speeds[0], timeout, link(speeds[0]))
    tried = []
    for speed in dict.fromkeys(speeds):
        asking = Link(patience=_PATIENCE_SECONDS, retries=_RETRIES)
        try:
            session = Session(line, speed, timeout, asking)
        except UnsupportedSpeedError:
            continue
        tried.append(speed)
        try:
            session.greet()
        except (LinkError, LineLost):
            session.close()
        else:
            session.link = link(speed)
            return session
    raise DeviceError(
        f"the board on {line} must answer, but doesn't at {', '.join(map(str, tried))} baud: is a "
        "bitstream on it, is this its port, or which speed was it built for?"
    )
