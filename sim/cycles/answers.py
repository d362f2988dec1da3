"""When a readout sends its results, and when words and results pass the queues around replicas."""

from collections.abc import Callable

from ...hw.plan.stage_plan import StagePlan


class QueueCycles:
    """A queue of two.

    Attributes
    ----------
    entered
        When the latest thing entered, or -1.
    """

    def __init__(self) -> None:
        self._left = -1, -1  # when the last but one and the last thing left
        self.entered = -1

    def enter(self, offered: int) -> int:
        """Return when the next thing enters, which is offered from a cycle on."""
        self.entered = max(offered, self._left[0] + 1)
        return self.entered

    def leaves(self, taken: Callable[[int], int]) -> int:
        """Return when it leaves; `taken` tells that of the cycle from which on it is offered."""
        left = taken(max(self.entered, self._left[1]) + 1)
        self._left = self._left[1], left
        return left


class Answers:
    """The results of a pipeline on their way out.

    Parameters
    ----------
    queue
        Whether a collector takes them, behind a queue.

    Attributes
    ----------
    latest
        When the latest result left the accelerator, of this pipeline or another.
    """

    def __init__(self, *, queue: bool) -> None:
        self._queue = QueueCycles() if queue else None
        self.latest = -1

    def send(self, offered: int) -> int:
        """Return when the next result is taken from the readout."""
        if self._queue is None:
            self.latest = offered
            return offered
        entered = self._queue.enter(offered)
        self.latest = self._queue.leaves(lambda cycle: max(cycle, self.latest + 1))
        return entered


class ReadoutCycles:
    """The readout: one chunk after the other, and a neuron a cycle of those with an answer.

    Parameters
    ----------
    plan
        Of its stage.
    answers
        What takes its results.

    Attributes
    ----------
    read
        When it took the latest chunk.
    """

    def __init__(self, plan: StagePlan, answers: Answers) -> None:
        self._lanes, self._voters = plan.update_lanes, plan.tables.readout.voters
        self._neurons = plan.classes * self._voters
        self._answers = answers
        self._neuron = 0  # the next one, of those with an answer
        self._ready = 0  # since when it takes chunks
        self.read = -1

    def take(self, offered: int, *, answers: bool) -> int:
        """Return when a chunk is taken, of a time step with an answer or none."""
        cycle = self.read = max(offered, self._ready)
        if answers:
            for _ in range(min(self._lanes, self._neurons - self._neuron)):
                cycle += 1
                self._neuron += 1
                if self._neuron % self._voters == 0:
                    cycle = self._answers.send(cycle)
            self._neuron %= self._neurons
        self._ready = cycle + 1
        return self.read
