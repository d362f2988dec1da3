"""A stand-in for the accelerator that plays a script, so that a bench has faults to find.

A script is a list of transfers in order: ("input", word) waits for that word, ("observe", payload)
and ("output", payload) offer one. Once a word has differed from the script's, the lowest bit of
every payload is inverted, so a bench that sends the wrong words can't pass.
"""

from typing import Any

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import stream
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

STREAMS = ("input", "output", "observe")
Script = list[tuple[str, int]]


class Playback(Component):
    """Play a script; after its end nothing ever comes.

    Parameters
    ----------
    script
        Transfers in order.
    word_bits
        Of the input.
    lanes, bits
        Neurons of an observation, and the width of their potentials.
    pause
        Cycles between two transfers.
    """

    def __init__(self, script: Script, *, word_bits: int, lanes: int, bits: int, pause: int = 2):
        self.script, self.pause = script, pause
        output = StructLayout(
            {"value": signed(16), "index": unsigned(8), "prediction": unsigned(8), "last": 1}
        )
        observe = StructLayout(
            {"layer": unsigned(4), "index": unsigned(16), "spikes": unsigned(lanes),
             "potentials": ArrayLayout(signed(bits), lanes)}
        )  # fmt: skip
        super().__init__(
            {
                "input": In(stream.Signature(unsigned(word_bits))),
                "output": Out(stream.Signature(output)),
                "observe": Out(stream.Signature(observe)),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        ports = [getattr(self, name) for name in STREAMS]
        payloads = [ports[0].payload, *(port.payload.as_value() for port in ports[1:])]
        width = max(len(payload) for payload in payloads)
        rows = [STREAMS.index(name) << width | payload for name, payload in self.script]
        rows.append(len(STREAMS) << width)
        m.submodules.rom = rom = Memory(shape=width + 2, depth=len(rows), init=rows)
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
