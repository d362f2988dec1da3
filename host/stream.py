"""Time steps that a board takes one by one."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .job import Answers
from .line import LineLost
from .link import LinkError
from .session import DeviceError, Session


class DeviceStream:
    """Time steps, each of which finds what the one before has left on the board.

    Whatever else is asked of the board ends the stream, and so does a line on which the board has
    to start anew, since what it held is lost then: `reset` begins again.

    Parameters
    ----------
    begin
        Has the board begin.
    infer
        Lets it answer steps (steps, 1, *input shape).
    session
        The board.
    """

    def __init__(
        self, begin: Callable[[], None], infer: Callable[[Any], Answers], session: Session
    ) -> None:
        self._begin, self._infer, self._session = begin, infer, session
        self.reset()

    @property
    def ended(self) -> bool:
        """Whether the board has started anew since."""
        return self._session.greetings != self._greeting

    def reset(self) -> None:
        """Begin again: the next step is the first.

        Raises
        ------
        DeviceError
            If the board doesn't answer, or runs other tables.
        """
        self._begin()
        self._greeting = self._session.greetings

    def run(self, x: Any) -> Answers:
        """Go on by some steps.

        Parameters
        ----------
        x
            Integers (steps, 1, *input shape), as of `somagate.sim.golden.stream.Stream.run`.

        Returns
        -------
        The answers of these steps: `output` is (1, steps, classes), as there. The prediction and
        the latencies are those of each step.

        Raises
        ------
        DeviceError
            Where the stream has ended.
        ValueError
            If `x` is not an input of the network.
        """
        array = np.asarray(x)
        if array.ndim < 2 or not len(array) or array.shape[1] != 1:
            raise ValueError(
                f"x must have the shape (steps, 1, *input shape), not {array.shape}: a board has "
                "one stream"
            )
        failure = "the board has started anew since"
        if not self.ended:
            try:
                return self._infer(array)
            except (LineLost, LinkError) as error:
                self._greeting = -1
                failure = str(error)
        raise DeviceError(f"the stream must go on where it was, but has ended; reset it: {failure}")
