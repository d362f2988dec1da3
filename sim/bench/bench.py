"""The bench itself, written once: drivers, monitors and a watchdog over a small adapter.

Each process owns one stream and knows nothing of the simulator. The adapter's one rule: what is
read is what the clock edge saw, and what is written appears right after that edge. So the same
processes run under the Amaranth simulator and under cocotb, cycle for cycle alike; `native.cpp`
follows the same rules where speed matters.

Comparing is left to `somagate.sim.verify.check`, after the run: a bench only records.
"""

from bisect import bisect_left
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

import numpy as np

from .ports import Ports, to_ints, to_limbs
from .scenario import SETTLE_CYCLES, Record, Scenario

FOLDER_VARIABLE = "SOMAGATE_BENCH"
"""Names the environment variable through which `cocotb_bench` learns its folder."""

Signal = Literal["payload", "valid", "ready"]


class Stream(Protocol):
    """One stream of the accelerator in some simulator, as one process sees it."""

    @property
    def cycle(self) -> int:
        """The cycle that the last edge awaited has ended."""

    async def edge(self) -> None:
        """Wait for the next clock edge."""

    async def until(self, signal: Signal) -> None:
        """Wait for the next clock edge at which `signal` is 1."""

    async def skip(self, cycles: int) -> None:
        """Wait for that many clock edges."""

    def read(self, signal: Signal) -> int:
        """Return what the last edge awaited saw."""

    def write(self, signal: Signal, value: int) -> None:
        """Drive a signal from right after the last edge awaited, or from the start."""


Process = Callable[[Stream], Awaitable[None]]


class Bench:
    """One run of a scenario: create, run every process until the watchdog returns, `record()`.

    Parameters
    ----------
    scenario
        What to do.
    ports
        Of the device under test.
    """

    def __init__(self, scenario: Scenario, ports: Ports) -> None:
        self._scenario = scenario
        self._ports = ports
        self._payloads: dict[str, list[int]] = {name: [] for name in ports.received}
        self._times: dict[str, list[int]] = {name: [] for name in ports.widths}
        self._end = 0
        self._late = False

    @property
    def background(self) -> dict[str, Process]:
        """The processes to start first, by their stream; they never matter after the watchdog."""
        drivers = {name: self._driver(name) for name in self._ports.sent}
        return drivers | {name: self._monitor(name) for name in self._ports.received}

    def _driver(self, name: str) -> Process:
        go = self._scenario.pattern(name)
        words, times = to_ints(self._scenario.words[name]), self._times[name]
        names = self._ports.sent
        before = [
            (self._times[other], len(self._scenario.words[other]))
            for other in names[: names.index(name)]
        ]

        async def drive(stream: Stream) -> None:
            # Whether this very edge's transfers are in the lists already depends on the simulator.
            while any(bisect_left(taken, stream.cycle) < count for taken, count in before):
                await stream.edge()
            for word in words:
                while go and not go[(stream.cycle + 1) % len(go)]:
                    stream.write("valid", 0)
                    await stream.edge()
                stream.write("payload", word)
                stream.write("valid", 1)
                await stream.until("ready")
                times.append(stream.cycle)
            stream.write("valid", 0)

        return drive

    def _monitor(self, name: str) -> Process:
        go = self._scenario.pattern(name)
        room = self._scenario.room(name)
        payloads, times = self._payloads[name], self._times[name]

        async def monitor(stream: Stream) -> None:
            stream.write("ready", 1)
            while len(payloads) < room:
                if not go:
                    await stream.until("valid")
                else:
                    ready = go[(stream.cycle + 1) % len(go)]
                    stream.write("ready", ready)
                    await stream.edge()
                    if not (ready and stream.read("valid")):
                        continue
                payloads.append(stream.read("payload"))
                times.append(stream.cycle)

        return monitor

    async def watch(self, stream: Stream) -> None:
        """Return when everything due has come, or nothing at all came for too long."""
        due = self._scenario.due.items()
        while not self._late:
            await stream.skip(SETTLE_CYCLES)
            # As in a driver, this edge's transfers may or may not be in the lists.
            self._end = stream.cycle
            if all(bisect_left(self._times[name], self._end) >= count for name, count in due):
                return
            counts = [(times, bisect_left(times, self._end)) for times in self._times.values()]
            last = max([0, *(times[count - 1] for times, count in counts if count)])
            self._late = self._end - last > self._scenario.deadline

    def record(self) -> Record:
        """Return what was seen up to the end."""
        kept = {name: bisect_left(times, self._end) for name, times in self._times.items()}
        return Record(
            times={
                name: np.array(self._times[name][:count], np.int64) for name, count in kept.items()
            },
            payloads={
                name: to_limbs(payloads[: kept[name]], self._ports.limbs(name))
                for name, payloads in self._payloads.items()
            },
            cycles=self._end,
            late=self._late,
        )
