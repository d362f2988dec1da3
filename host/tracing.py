"""Every spike and potential that a board sends, put together to a trace."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..export.tables import Tables
from ..hw.plan.loading import Load
from ..hw.plan.plan import Plan
from ..hw.plan.widths import parts
from ..sim.bench.ports import Ports
from ..sim.bench.scenario import Record
from ..sim.golden.trace import Trace
from ..sim.verify.check import Checker
from ..sim.verify.loaded import taken_out
from .job import Job


class TraceJob(Job):
    """Samples whose answers hold every update; see docs/wire.md.

    A sample is complete once all its updates have come, of which some may be behind its answer.
    """

    def __init__(
        self, plan: Plan, built: Plan, tables: Tables, x: NDArray[Any], load: Load | None
    ) -> None:
        super().__init__(plan, built, tables, x)
        # The samples come one after the other, so whose replica's updates are is all the same.
        self._ports, self._load = Ports.of(replace(built, replicas=1)), load
        self._names = self._ports.observers
        self._sizes = [parts(self._ports.widths[name], 8) for name in self._names]
        each = sum(d.updates for stage in plan.stages for d in stage.descriptors)
        self._due = each * tables.steps
        self._kept: list[list[bytes]] = [[] for _ in self._names]
        self._fresh: list[list[bytes]] = [[] for _ in self._names]
        self._values = b""

    @property
    def missing(self) -> int:
        """Updates of the sample at hand that haven't come."""
        return self._due - sum(map(len, self._fresh))

    def again(self) -> None:
        """Forget what has come of samples that aren't answered."""
        super().again()
        self._fresh = [[] for _ in self._names]

    def take(self, answer: bytes) -> None:
        """Take an answer with the updates before it."""
        value = self._take(answer)
        super().take(value)

    def take_rest(self, data: bytes) -> bytes:
        """Take whole updates behind an answer, and return what is left."""
        at = 0
        while at < len(data):
            stage = (data[at] - 1) % len(self._names)
            end = at + 1 + self._sizes[stage]
            if end > len(data):
                break
            self._fresh[stage].append(data[at + 1 : end])
            at = end
        return data[at:]

    def complete(self) -> None:
        """Keep the updates of the sample that was answered."""
        for kept, fresh in zip(self._kept, self._fresh, strict=True):
            kept += fresh
        self._fresh = [[] for _ in self._names]

    def _take(self, answer: bytes) -> bytes:
        """Take updates, and return the values between them."""
        values, at, left = b"", 0, self._plan.classes
        while at < len(answer):
            if answer[at]:
                stage = (answer[at] - 1) % len(self._names)
                end = at + 1 + self._sizes[stage]
                self._fresh[stage].append(answer[at + 1 : end])
            else:
                left -= 1
                end = at + 1 + self._value_bytes if left else len(answer)
                values += answer[at + 1 : end]
            at = end
        return values

    def trace(self) -> Trace:
        """Return all of it, as golden does."""
        payloads = {}
        for name, kept, size in zip(self._names, self._kept, self._sizes, strict=True):
            limbs = self._ports.limbs(name)
            packed = np.frombuffer(b"".join(kept), np.uint8).reshape(-1, size)
            wide = np.pad(packed, ((0, 0), (0, 4 * limbs - size)))
            payloads[name] = np.ascontiguousarray(wide).view("<u4")
        record = Record(times={}, payloads=payloads, cycles=0, late=False)
        plan = replace(self._plan, replicas=1)
        spikes, potentials = Checker(plan, self._ports).layers(record, len(self))
        found = Trace(
            tables=self._tables.sha256,
            output=self.output(),
            prediction=self.prediction,
            spikes=spikes,
            potentials=potentials,
        )
        return found if self._load is None else taken_out(found, self._load, self._tables)
