"""Samples that a board is asked about, and what it answers."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..export.tables import Tables
from ..hw.plan.plan import Plan
from ..hw.plan.widths import bits_of, parts
from .counted import DeviceProfile
from .link import Counts
from .session import DeviceError


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What a board answered.

    Attributes
    ----------
    output
        int32 (batch, classes), or (batch, steps, classes) where every step has an answer, as of
        `somagate.sim.golden.trace.Trace`.
    prediction
        int64 (batch,), as there.
    latencies
        Seconds of each sample, from its first byte to its last.
    seconds
        Of all, from the first byte to the last.
    counts
        Frames sent, repeated, taken and damaged meanwhile.
    restarts
        How often the link had to start anew.
    profile
        What the board counted, where that was asked for.
    """

    output: NDArray[np.int32]
    prediction: NDArray[np.int64]
    latencies: NDArray[np.float64]
    seconds: float
    counts: Counts
    restarts: int
    profile: DeviceProfile | None = None

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.prediction)

    @property
    def per_second(self) -> float:
        """Samples a second."""
        return len(self) / self.seconds if self.seconds else 0.0


class Job:
    """Samples that a board is asked about, and its answers.

    Parameters
    ----------
    plan
        How what the board runs lies on it.
    built
        What its bitstream was built from, whose widths its answers have.
    tables
        What it runs.
    x
        (steps, batch, *input shape).
    pack
        Returns the bytes of a sample; by default those of its words.

    Attributes
    ----------
    answers_each
        Of a sample.
    answered
        Samples, from the first.
    parts
        Answers of the next one, where each has several.
    prediction, latencies
        int64 and float64 (samples,).
    """

    def __init__(
        self,
        plan: Plan,
        built: Plan,
        tables: Tables,
        x: NDArray[Any],
        pack: Callable[[NDArray[Any]], bytes] | None = None,
    ) -> None:
        self._plan, self._tables, self._x = plan, tables, x
        self._pack = pack or self._packed
        self.answers_each = tables.answers
        self.answered = 0
        self.parts: list[NDArray[np.int64]] = []
        self.prediction = np.zeros(x.shape[1], np.int64)
        self.latencies = np.zeros(x.shape[1])
        self._outputs: list[NDArray[np.int64]] = []
        self._value_bytes = parts(built.readout_bits, 8)
        self._class_bytes = parts(bits_of(built.classes), 8)

    def __len__(self) -> int:
        """Return the number of samples."""
        return int(self._x.shape[1])

    def payload(self, sample: int) -> bytes:
        """Return a sample as it is on the line."""
        return self._pack(self._x[:, sample])

    def _packed(self, x: NDArray[Any]) -> bytes:
        size = parts(self._plan.word_bits, 8)
        return b"".join(word.to_bytes(size, "little") for word in self._plan.pack_input(x))

    def began(self, sample: int) -> None:
        """Note when a sample is sent."""
        self.latencies[sample] = time.monotonic()

    def again(self) -> None:
        """Forget what has come of samples that aren't answered."""
        self.parts.clear()

    def take(self, answer: bytes) -> None:
        """Take an answer, of which a sample may have several.

        Raises
        ------
        DeviceError
            Where it has another size than answers of the bitstream have.
        """
        due = self._value_bytes * self._plan.classes + self._class_bytes
        if len(answer) != due:
            raise DeviceError(
                f"the board must answer with {due} bytes, as its bitstream was built to, not with "
                f"{len(answer)}"
            )
        values = answer[: self._value_bytes * self._plan.classes]
        wide = np.frombuffer(values, np.uint8).reshape(-1, self._value_bytes).astype(np.int64)
        found = (wide << 8 * np.arange(self._value_bytes)).sum(1)
        half = 1 << 8 * self._value_bytes - 1
        self.parts.append((found + half) % (2 * half) - half)
        if len(self.parts) == self.answers_each:
            self.prediction[self.answered] = int.from_bytes(answer[len(values) :], "little")
            self._outputs.append(np.stack(self.parts)[:, : self._tables.classes])
            self.latencies[self.answered] = time.monotonic() - self.latencies[self.answered]
            self.parts.clear()
            self.answered += 1

    def take_back(self) -> None:
        """Forget the last sample that was answered."""
        self.answered -= 1
        self._outputs.pop()

    def output(self) -> NDArray[np.int32]:
        """Return all answers, in the shape of golden's."""
        every = self._tables.readout.over == "every"
        shape = (len(self), self.answers_each) if every else (len(self),)
        found = np.array(self._outputs, np.int32)
        return found.reshape(*shape, self._tables.classes)


class StepJob(Job):
    """Time steps of a stream, each of which has an answer; `x` is (steps, 1, *input shape)."""

    def __init__(self, plan: Plan, built: Plan, tables: Tables, x: NDArray[Any]) -> None:
        super().__init__(plan, built, tables, x.swapaxes(0, 1))
        self.answers_each = 1

    def output(self) -> NDArray[np.int32]:
        """Return all answers, (1, steps, classes)."""
        return np.array(self._outputs, np.int32).reshape(1, len(self), self._tables.classes)
