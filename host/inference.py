"""A job that a board gets done: what is sent when, and what comes of it."""

import time
from collections.abc import Callable
from functools import partial

from ..boards.wire.protocol import Status
from .counted import Counted
from .job import Answers, Job
from .line import LineLost
from .link import Counts, LinkError
from .session import DeviceError, Session
from .tracing import TraceJob

Progress = Callable[[int, int], None]


class Inference:
    """Let a board answer a job; it may be run again where the line has failed.

    Parameters
    ----------
    session
        The board.
    job
        Its samples.
    timeout
        Seconds in which something of an answer must come.
    progress
        Told the samples answered, and all of them.
    counted
        Takes what the board counts, sample by sample.
    """

    def __init__(
        self,
        session: Session,
        job: Job,
        timeout: float,
        *,
        progress: Progress | None = None,
        counted: Counted | None = None,
    ) -> None:
        self._session, self._job, self._timeout = session, job, timeout
        self._progress, self._counted = progress, counted
        # A sample waits for the one before, where what belongs to it couldn't be told apart.
        self._alone = counted is not None or isinstance(job, TraceJob)

    def run(self) -> None:
        """Send what isn't answered yet, and take answers until all are there.

        Raises
        ------
        LinkError, LineLost
            Where the line fails.
        DeviceError
            Where the board has no tables.
        """
        job, link = self._job, self._session.link
        link.answers_each = job.answers_each
        job.again()
        if self._counted is not None:
            self._counted.start(self._session)
        sent = job.answered
        while job.answered < len(job):
            while sent < len(job) and link.room and (sent == job.answered or not self._alone):
                job.began(sent)
                link.infer(job.payload(sent))
                sent += 1
            self._wait(partial(self._moves, sent < len(job) and not self._alone))
            if Status.UNLOADED in link.events:
                raise DeviceError("tables must be loaded first: the board has none")
            while link.answers:
                job.take(link.answers.popleft())
                if not job.parts:
                    try:
                        self._complete()
                    except (LinkError, LineLost):
                        job.take_back()  # what belongs to it is lost: it is asked anew
                        raise
            if self._progress is not None:
                self._progress(job.answered, len(job))

    def _complete(self) -> None:
        """Take what is behind the last answer of a sample: updates, and what was counted."""
        job, link = self._job, self._session.link
        if isinstance(job, TraceJob):
            link.parts = job.take_rest(link.parts)
            while job.missing:
                # An answer's part is sent once it is full, or something else is to be said.
                link.poll()
                self._wait(partial(self._grows, len(link.parts)))
                link.parts = job.take_rest(link.parts)
            job.complete()
        if self._counted is not None:
            self._counted.add(self._session)

    def _grows(self, size: int) -> bool:
        """Whether more of an answer has come than there was."""
        return len(self._session.link.parts) > size

    def _wait(self, done: Callable[[], bool]) -> None:
        """Let the link work until something is done; it mustn't be silent for too long."""
        link, came = self._session.link, -1
        while not self._session.serve(done, self._timeout):
            if came == len(link.parts):
                raise LinkError(
                    f"the board must answer within {self._timeout:g} s, but sample "
                    f"{self._job.answered} has no answer"
                )
            came = len(link.parts)

    def _moves(self, more: bool) -> bool:
        """Whether there is something to do: an answer to take, or room for more samples."""
        return bool(self._session.link.answers) or (more and self._session.link.room)


def measured(session: Session, job: Job, work: Callable[[], None]) -> Answers:
    """Return what comes of a job by some work, and how long it took."""
    session.link.counts, session.restarts = Counts(), 0
    started = time.monotonic()
    work()
    return Answers(
        output=job.output(), prediction=job.prediction, latencies=job.latencies,
        seconds=time.monotonic() - started, counts=session.link.counts, restarts=session.restarts,
    )  # fmt: skip
