"""A stand-in for the accelerator that plays a script, so that a bench has faults to find.

A script is a list of transfers in order: ("input", word) waits for that word, and others, such as
("observe", payload) and ("output", payload), offer one. Once a word has differed from the script's,
the lowest bit of every payload is inverted, so a bench that sends the wrong words can't pass.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out
from somagate.hw.plan.plan import Plan
from somagate.hw.rtl.observe import ObserveLayout
from somagate.hw.rtl.update.readout import ResultLayout
from somagate.sim.bench.ports import PortField, Ports, to_limbs
from somagate.sim.bench.scenario import Record
from somagate.sim.golden import golden

Script = list[tuple[str, int]]


class Playback(Component):
    """Play a script on the ports of a plan's accelerator; after its end nothing ever comes.

    Parameters
    ----------
    plan
        Whose ports to have.
    script
        Transfers in order.
    pause
        Cycles between two transfers.
    """

    def __init__(self, plan: Plan, script: Script, pause: int = 2):
        self.script, self.pause = script, pause
        ports = Ports.of(plan)
        self.names = ("input", *ports.received)
        observation = Out(stream.Signature(ObserveLayout(plan)))
        super().__init__(
            {
                "input": In(stream.Signature(unsigned(plan.word_bits))),
                "output": Out(stream.Signature(ResultLayout(plan.stages[0]))),
                **dict.fromkeys(ports.observers, observation),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        ports = [getattr(self, name) for name in self.names]
        payloads = [ports[0].payload, *(port.payload.as_value() for port in ports[1:])]
        width = max(len(payload) for payload in payloads)
        rows = [self.names.index(name) << width | payload for name, payload in self.script]
        rows.append(len(ports) << width)
        choice = len(ports).bit_length()
        m.submodules.rom = rom = Memory(shape=width + choice, depth=len(rows), init=rows)
        at, wait, wrong = Signal(range(len(rows))), Signal(range(self.pause + 1)), Signal()
        read = rom.read_port(domain="comb")
        m.d.comb += read.addr.eq(at)
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        for index, (port, payload) in enumerate(zip(ports, payloads, strict=True)):
            offered = (read.data[width:] == index) & (wait == 0)
            if index == 0:
                m.d.comb += port.ready.eq(offered)
            else:
                m.d.comb += [port.valid.eq(offered), payload.eq(read.data[:width] ^ wrong)]
            with m.If(port.valid & port.ready):
                m.d.sync += [at.eq(at + 1), wait.eq(self.pause)]
                if index == 0:
                    m.d.sync += wrong.eq(wrong | (payload != read.data[:width]))
        return m


def script(plan: Plan, x: Any) -> Script:
    """Return what an accelerator that equals golden does with `x`, layer after layer."""
    ports, tables = Ports.of(plan), plan.tables
    trace = golden.run(tables, x, potentials=True)
    places = [plan.updates(index) for index in range(len(tables.layers))]
    stages = [number for number, stage in enumerate(plan.stages) for _ in stage.layers]
    found: Script = []
    for sample in range(x.shape[1]):
        streams = ports.observers[sample % plan.replicas * len(plan.stages) :]
        words = np.array(plan.pack_input(x[:, sample]), object).reshape(tables.steps, -1)
        for step in range(tables.steps):
            found += [("input", int(word)) for word in words[step]]
            for number, layer in enumerate(tables.layers):
                spikes = trace.spikes[layer.name][step, sample]
                potentials = trace.potentials[layer.name][step, sample]
                for index, lanes in enumerate(places[number]):
                    at = [None if n[0] < 0 else tuple(n[: spikes.ndim]) for n in lanes]
                    values = {
                        "layer": [number],
                        "index": [index],
                        "spikes": [0 if n is None else int(spikes[n]) for n in at],
                        "potentials": [0 if n is None else int(potentials[n]) for n in at],
                    }
                    found.append((streams[stages[number]], payload(ports.observe, values)))
        output = trace.output[sample].tolist()
        for index, value in enumerate(output):
            values = {
                "value": [value],
                "index": [index],
                "prediction": [output.index(max(output[: index + 1]))],
                "last": [int(index == len(output) - 1)],
            }
            found.append(("output", payload(ports.output, values)))
    return found


def payload(fields: Mapping[str, PortField], values: Mapping[str, list[int]]) -> int:
    """Return a payload with some values of its fields."""
    packed = 0
    for name, field in fields.items():
        for lane, value in enumerate(values[name]):
            low = value & ((1 << field.width) - 1)
            packed |= low << (field.offset + lane * field.width)
    return packed


def changed(found: Script, stream: str, index: int, bit: int) -> Script:
    """Return a script with one bit inverted in transfer `index` of a stream."""
    rows = [row for row, (name, _) in enumerate(found) if name == stream]
    result = list(found)
    result[rows[index]] = (stream, found[rows[index]][1] ^ 1 << bit)
    return result


def recorded(plan: Plan, found: Script, pace: int = 3) -> Record:
    """Return what a bench would see of a script, one transfer each `pace` cycles."""
    ports = Ports.of(plan)
    times: dict[str, list[int]] = {name: [] for name in ports.widths}
    payloads: dict[str, list[int]] = {name: [] for name in ports.widths}
    for index, (name, value) in enumerate(found):
        times[name].append(pace * index)
        payloads[name].append(value)
    return Record(
        times={name: np.array(cycles, np.int64) for name, cycles in times.items()},
        payloads={name: to_limbs(payloads[name], ports.limbs(name)) for name in ports.received},
        cycles=pace * len(found),
        late=False,
    )
