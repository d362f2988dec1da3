"""The bench inside a simulator: cocotb starts this module, which plays the scenario it is given.

Every wake-up of Python costs as much as hundreds of the simulator's cycles, so a process that
waits for a handshake sleeps until the signal rises, and cycles are counted by the clock's time.
"""

import json
import os
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.simtime import get_sim_time
from cocotb.triggers import RisingEdge, Timer

from .bench import FOLDER_VARIABLE, Bench, Signal
from .ports import PortField, Ports
from .scenario import Record, Scenario

_PERIOD = 10  # simulator steps
_RESET_CYCLES = 4


@cocotb.test()
async def play(dut: Any) -> None:
    """Play `scenario.safetensors` of the bench's folder, and write `record.safetensors` there."""
    folder = Path(os.environ[FOLDER_VARIABLE])
    ports = _ports(folder / "ports.json")
    bench = Bench(Scenario.read(folder / "scenario.safetensors"), ports)
    streams = {name: _Stream(dut, name) for name in ports.widths}
    for name, stream in streams.items():
        stream.write("valid" if name in ports.sent else "ready", 0)
    dut.rst.value = 1
    Clock(dut.clk, _PERIOD, "step", impl="gpi").start()
    await streams[ports.sent[0]].skip(_RESET_CYCLES)
    dut.rst.value = 0
    for stream in streams.values():
        stream.start()
    for name, process in bench.background.items():
        cocotb.start_soon(process(streams[name]))
    watched = _Stream(dut, ports.sent[0])
    watched.start()
    await bench.watch(watched)
    record: Record = bench.record()
    record.save(folder / "record.safetensors")


def _ports(path: Path) -> Ports:
    content = json.loads(path.read_text(encoding="utf-8"))
    fields = {
        name: {key: PortField(**value) for key, value in content[name].items()}
        for name in ("output", "observe")
    }
    return Ports(widths=content["widths"], **fields)


class _Stream:
    """At a rising clock edge cocotb still reads what the edge saw, and writes after it."""

    def __init__(self, dut: Any, name: str) -> None:
        signals = ("payload", "valid", "ready")
        self._handles = {signal: getattr(dut, f"{name}__{signal}") for signal in signals}
        self._clock = RisingEdge(dut.clk)
        self._rises = {signal: RisingEdge(self._handles[signal]) for signal in signals[1:]}
        self._origin = 0

    def start(self) -> None:
        """Count cycles from the next edge on."""
        self._origin = int(get_sim_time("step")) + _PERIOD

    @property
    def cycle(self) -> int:
        return (int(get_sim_time("step")) - self._origin) // _PERIOD

    async def edge(self) -> None:
        await self._clock

    async def until(self, signal: Signal) -> None:
        handle, rises = self._handles[signal], self._rises[signal]
        await self._clock
        while handle.value != 1:
            await rises
            await self._clock

    async def skip(self, cycles: int) -> None:
        # Whoever wakes at a time wakes before its clock edge, so the last one is awaited.
        await Timer((cycles - 1) * _PERIOD + _PERIOD // 2, "step")
        await self._clock

    def read(self, signal: Signal) -> int:
        return int(self._handles[signal].value)

    def write(self, signal: Signal, value: int) -> None:
        self._handles[signal].value = value
