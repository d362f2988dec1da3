"""The bench itself, written once: a driver, two monitors and a watchdog over a small adapter.

Each process owns one stream and knows nothing of the simulator. The adapter's one rule: what is
read is what the clock edge saw, and what is written appears right after that edge. So the same
processes run under the Amaranth simulator and under cocotb, cycle for cycle alike; `native.cpp`
follows the same rules where speed matters.

Comparing is left to `somagate.sim.check`, after the run: a bench only records.
"""

from bisect import bisect_left
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

import numpy as np

from .ports import STREAMS, Ports, to_ints, to_limbs
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
        self._payloads: dict[str, list[int]] = {"output": [], "observe": []}
        self._cycles: dict[str, list[int]] = {name: [] for name in STREAMS}
        self._end = 0
        self._late = False

    @property
    def background(self) -> dict[str, Process]:
        """The processes to start first, by their stream; they never matter after the watchdog."""
        return {"input": self._drive, "output": self._monitor("output"),
                "observe": self._monitor("observe")}  # fmt: skip

    async def _drive(self, stream: Stream) -> None:
        go = self._scenario.pattern("input")
        for word in to_ints(self._scenario.words):
            while go and not go[(stream.cycle + 1) % len(go)]:
                stream.write("valid", 0)
                await stream.edge()
            stream.write("payload", word)
            stream.write("valid", 1)
            await stream.until("ready")
            self._cycles["input"].append(stream.cycle)
        stream.write("valid", 0)

    def _monitor(self, name: Literal["output", "observe"]) -> Process:
        go = self._scenario.pattern(name)
        room = self._scenario.room(name)
        payloads, cycles = self._payloads[name], self._cycles[name]

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
                cycles.append(stream.cycle)

        return monitor

    async def watch(self, stream: Stream) -> None:
        """Return when everything due has come, or nothing at all came for too long."""
        due = [("observe", self._scenario.observations), ("output", self._scenario.outputs)]
        while not self._late:
            await stream.skip(SETTLE_CYCLES)
            # Whether this very edge's transfers are in the lists already depends on the simulator.
            self._end = stream.cycle
            if all(bisect_left(self._cycles[name], self._end) >= count for name, count in due):
                return
            counts = [(times, bisect_left(times, self._end)) for times in self._cycles.values()]
            last = max([0, *(times[count - 1] for times, count in counts if count)])
            self._late = self._end - last > self._scenario.deadline

    def record(self) -> Record:
        """Return what was seen up to the end."""
        kept = {name: bisect_left(times, self._end) for name, times in self._cycles.items()}
        cycles = {
            name: np.array(self._cycles[name][:count], np.int64) for name, count in kept.items()
        }
        limbs = {
            name: to_limbs(self._payloads[name][: kept[name]], self._ports.limbs(name))
            for name in ("output", "observe")
        }
        return Record(
            accepted=cycles["input"],
            output=limbs["output"],
            output_cycles=cycles["output"],
            observe=limbs["observe"],
            observe_cycles=cycles["observe"],
            cycles=self._end,
            late=self._late,
        )
