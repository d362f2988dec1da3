"""A board that runs a network, from Python.

What is asked of it is answered right or not at all: frames that are lost are sent again, a port
that went away is opened again, and what wasn't answered until then is asked anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..boards.uart import BAUD, FRAME_BITS
from ..boards.wire.protocol import Extra, names_of
from ..checks.arguments import integer, number
from ..export.tables import Tables
from ..hw.plan import loading
from ..hw.plan.identity import shape_sha256
from ..hw.plan.plan import Plan
from ..sim.golden.inputs import checked
from ..sim.golden.trace import Trace
from .counted import Counted
from .inference import Inference, Progress, measured
from .job import Answers, Job, StepJob
from .line import Line
from .link import Link
from .pixels import Pixels, Repeated, way_of
from .session import DeviceError, DeviceIdentity
from .speed import session_at
from .stream import DeviceStream
from .tracing import TraceJob
from .upload import upload


class PlanDevice:
    """A board whose bitstream was built from a plan.

    Parameters
    ----------
    line
        The port it is on, opened; or a port's name.
    plan
        What its bitstream was built from.
    baud
        Of the port that is named, or those to try until the board answers.
    tables
        What was loaded into it before, if not the plan's own.
    timeout
        Seconds that an inference may take, and that a port may be away.
    patience
        Seconds without a word from the board after which something is said once more.
    retries
        How often in a row nothing may come of that.

    Raises
    ------
    LoadError
        Where the tables don't fit the plan.
    DeviceError
        Where the board doesn't answer, or has another bitstream.
    OSError
        Where the port can't be opened.
    """

    def __init__(
        self,
        line: Line | str,
        plan: Plan,
        *,
        baud: int | Sequence[int] = BAUD,
        tables: Tables | None = None,
        timeout: float = 10.0,
        patience: float = 0.3,
        retries: int = 12,
    ) -> None:
        self._plan = plan
        self._tables = tables or plan.tables
        other = self._tables.sha256 != plan.tables.sha256
        self._loaded = loading.load(plan, self._tables) if other else None
        self._timeout, self._compared = timeout, 0
        speeds = (baud,) if isinstance(baud, int) else tuple(baud)
        for speed in speeds:
            integer("baud", speed, 1, 10**8)
        number("timeout", timeout, 0.001, 1e6)
        link = partial(Link, patience=patience, retries=retries)
        self._session = session_at(
            line, speeds, timeout, lambda baud: link(byte_seconds=FRAME_BITS / baud)
        )
        try:
            self._start()
        except BaseException:
            self._session.close()
            raise

    def __enter__(self) -> Self:
        """Return the device itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the port."""
        self.close()

    def close(self) -> None:
        """Close the port."""
        self._session.close()

    @property
    def baud(self) -> int:
        """Bits a second on the line."""
        return self._session.baud

    @property
    def tables(self) -> Tables:
        """What it runs, as far as is known here."""
        return self._tables

    def identify(self) -> DeviceIdentity:
        """Return what is on the board.

        Raises
        ------
        DeviceError
            If the board does not answer.
        """
        return self._session.identify()

    def load(self, tables: Tables, *, progress: Progress | None = None) -> None:
        """Load tables, which the board runs from then on, until its power goes.

        Parameters
        ----------
        tables
            Of the shape of the plan's, or a smaller one.
        progress
            Told the bytes sent, and all of them.

        Raises
        ------
        LoadError
            Where the tables don't fit the plan, or nothing can be loaded.
        DeviceError
            Where the board reports a failure.
        """
        loaded = loading.load(self._plan, tables)
        self._session.enter(Extra(0))
        self._session.again(lambda: upload(self._session, loaded.words, progress))
        found = self.identify().tables
        if found != tables.sha256:
            raise DeviceError(
                f"the board must run tables {tables.sha256[:12]} once they are loaded, not "
                f"{found[:12] or 'none'}"
            )
        self._tables, self._loaded = tables, loaded

    @property
    def extras(self) -> Extra:
        """What the board has beyond inferences."""
        return self._session.extras

    def predict(
        self, x: Any, *, profile: bool = False, progress: Progress | None = None
    ) -> Answers:
        """Return what the board answers to samples.

        Parameters
        ----------
        x
            Integers (steps, batch, *input shape), as for `somagate.sim.golden.golden.run`.
        profile
            The board counts its cycles, sample by sample, each sent once the one before is
            answered; it must have counters.
        progress
            Told the samples answered, and all of them.

        Raises
        ------
        DeviceError
            If the board doesn't answer, or runs other tables.
        ValueError
            If `x` is not an input of the network.
        """
        array = self._checked(x)
        if profile:
            self._need(Extra.COUNTERS)
        counted = Counted() if profile else None
        pixels = self._as_pixels(array)
        job = Job(self._running, self._plan, self._tables, array, pixels.packed if pixels else None)
        self._session.enter(Extra.PIXELS if pixels else Extra(0))
        return self._answered(job, progress, counted)

    def trace(self, x: Any, *, progress: Progress | None = None) -> Trace:
        """Return every spike and potential of samples, as `somagate.sim.golden.golden.run` does.

        Arguments and errors are those of `predict`.
        """
        self._need(Extra.TRACE)
        job = TraceJob(self._running, self._plan, self._tables, self._checked(x), self._loaded)
        self._session.enter(Extra.TRACE)
        self._answered(job, progress)
        return job.trace()

    def stream(self) -> DeviceStream:
        """Return a stream of time steps; raises `DeviceError` as `predict` does."""
        self._need(Extra.STREAM)

        def begin() -> None:
            self._session.mode = Extra.STREAM
            self._session.again(self._session.greet)
            self._session.again(self._compare)

        def infer(x: NDArray[Any]) -> Answers:
            job = StepJob(self._running, self._plan, self._tables, self._checked_steps(x))
            return measured(self._session, job, Inference(self._session, job, self._timeout).run)

        return DeviceStream(begin, infer, self._session)

    @property
    def _running(self) -> Plan:
        """How what the board runs lies on it."""
        return self._plan if self._loaded is None else self._loaded.plan

    def _checked(self, x: Any) -> NDArray[Any]:
        return checked(self._tables, np.asarray(x))

    def _checked_steps(self, x: NDArray[Any]) -> NDArray[Any]:
        changing = replace(self._tables.input, constant=False)
        return checked(replace(self._tables, steps=len(x), input=changing), x)

    def _need(self, extra: Extra) -> None:
        """Raise where the board lacks something, with how to get it."""
        if extra not in self.extras:
            (name,) = names_of(extra)
            raise DeviceError(
                f"the board must have {name}, but its bitstream has none: build it with "
                f"--extra {name}, or extras=['{name}'], and flash that"
            )

    def _as_pixels(self, x: NDArray[Any]) -> Pixels | Repeated | None:
        """Return what makes pixels of samples, where the board takes them and they are shorter."""
        running = self._running
        if Extra.PIXELS not in self.extras or running.tables.steps != self._plan.tables.steps:
            return None
        pixels = way_of(self._plan, running)
        return pixels if pixels.shorter and pixels.known(x) else None

    def _answered(
        self, job: Job, progress: Progress | None, counted: Counted | None = None
    ) -> Answers:
        """Return the answers to a job, whatever happens to the line meanwhile."""
        inference = Inference(self._session, job, self._timeout, progress=progress, counted=counted)

        def infer() -> None:
            self._compare()
            inference.run()

        answers = measured(
            self._session, job, lambda: self._session.again(infer, lambda: job.answered)
        )
        if counted is None:
            return answers
        return replace(answers, profile=counted.profile(self._session.clock_hz))

    def _start(self) -> None:
        """Greet the board, and raise where it isn't the one that is meant."""
        self._session.again(self._session.greet)
        self._same_shape(self.identify())

    def _same_shape(self, found: DeviceIdentity) -> None:
        """Raise where a board has another bitstream than the one that is meant."""
        shape = shape_sha256(self._plan)
        if found.shape != shape:
            raise DeviceError(
                f"the board's shape must be {shape[:12]}, not {found.shape[:12]}: its bitstream "
                "was built from another plan; build and flash this one, or name that one's folder"
            )

    def _compare(self) -> None:
        """Raise where the board, greeted since, isn't the one that is meant with its tables."""
        if self._compared == self._session.greetings:
            return
        identity = self._session.ask()
        self._same_shape(identity)
        if (found := identity.tables) != self._tables.sha256:
            raise DeviceError(
                f"the board must run tables {self._tables.sha256[:12]}, not {found[:12] or 'none'}"
                ": load them, or say which are loaded"
            )
        self._compared = self._session.greetings
