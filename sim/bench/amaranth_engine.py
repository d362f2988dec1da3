"""The bench under the Amaranth simulator: no tools needed, slow, and closest to the source."""

from typing import Any

from amaranth.lib.wiring import Component
from amaranth.sim import Simulator

from ...toolchain.depth import deep
from .bench import Bench, Process, Signal
from .ports import Ports
from .scenario import Record, Scenario


def run(component: Component, ports: Ports, scenario: Scenario) -> Record:
    """Play a scenario with a component, as Python describes it."""
    bench = Bench(scenario, ports)
    with deep():
        simulator = Simulator(component)
        simulator.add_clock(1e-6)
        for name, process in bench.background.items():
            simulator.add_testbench(_testbench(component, name, process), background=True)
        simulator.add_testbench(_testbench(component, ports.sent[0], bench.watch))
        simulator.run()
    return bench.record()


def _testbench(component: Component, name: str, process: Process) -> Any:
    async def testbench(context: Any) -> None:
        await process(_Stream(context, getattr(component, name)))

    return testbench


class _Stream:
    """Samples its signals at every edge, because the simulator shows them only after it."""

    def __init__(self, context: Any, stream: Any) -> None:
        self._context = context
        payload = getattr(stream.payload, "as_value", lambda: stream.payload)()
        self._signals = {"payload": payload, "valid": stream.valid, "ready": stream.ready}
        self._tick = context.tick().sample(*self._signals.values())
        self._seen: dict[str, int] = {}
        self.cycle = -1

    async def edge(self) -> None:
        _, _, *values = await self._tick
        self._seen = dict(zip(self._signals, values, strict=True))
        self.cycle += 1

    async def until(self, signal: Signal) -> None:
        await self.edge()
        while not self._seen[signal]:
            await self.edge()

    async def skip(self, cycles: int) -> None:
        await self._context.tick().repeat(cycles)
        self.cycle += cycles

    def read(self, signal: Signal) -> int:
        return self._seen[signal]

    def write(self, signal: Signal, value: int) -> None:
        self._context.set(self._signals[signal], value)
